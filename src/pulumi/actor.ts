import { hostname, userInfo } from "node:os";

/** `user@machine` of this process, for the ledger. */
export function actor(): string {
  return `${user()}@${hostname()}`;
}

/** Containers run as users without a name (docker run -u, OpenShift), for which Node throws. */
function user(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `uid ${process.getuid?.()}`;
  }
}
