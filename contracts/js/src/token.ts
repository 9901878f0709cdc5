// What a token says of itself. Nothing is verified here: the servers do that, this only says when to renew.

interface Claims {
  venues?: string[] | "*";
  exp?: number;
  sub?: string;
}

/** Read a JWT's claims; empty where it is none. */
export function claimsOf(token: string): Claims {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return claims !== null && typeof claims === "object" ? claims : {};
  } catch {
    return {};
  }
}

/** The venue that a token is for, where it names one first. */
export function venueOf(token: string): string | undefined {
  const { venues } = claimsOf(token);
  return Array.isArray(venues) ? venues[0] : undefined;
}
