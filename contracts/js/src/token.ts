// What a token says of itself. Nothing is verified here: the servers do that, this only says when to renew.

interface Claims {
  venues?: string[] | "*";
  exp?: number;
  sub?: string;
  org?: string;
  order?: string;
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

/** The order that a diner's link is for, and its venue; undefined where the token is no such link. */
export function orderOf(token: string): { venue: string; order: string } | undefined {
  const { order } = claimsOf(token);
  const venue = venueOf(token);
  return order && venue ? { venue, order } : undefined;
}
