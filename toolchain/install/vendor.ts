/** Whether Pulumi's download site answers, found out within 4 seconds: without it an installer would hang for minutes. */
export async function vendorIsReachable(): Promise<boolean> {
  try {
    const answer = await fetch("https://get.pulumi.com/install.sh", {
      method: "HEAD",
      signal: AbortSignal.timeout(4000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
