// Which of our languages a device wants.

const LANGUAGES = ["en", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first language of the device that we speak; English where there is none. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = LANGUAGES.find((one) => one === tag.split("-")[0]);
    if (language) return language;
  }
  return "en";
}
