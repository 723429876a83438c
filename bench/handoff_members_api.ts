/** What the service says of its members, and how one is told to leave. @module */

/** Of what `GET /api/v1/members` lists, what is looked at. */
export interface MemberView {
  readonly member: string;
  readonly state: string;
  readonly in_ring: boolean;
  /** Absent until it was read once. */
  readonly groups?: number;
  readonly drain?: { readonly groups: number; readonly moved: number };
}

/**
 * Asks for one member.
 *
 * @returns nothing where the service does not know it
 * @throws {Error} with the answer, where it is no success; the signal's reason
 */
export async function viewMember(
  url: string,
  member: string,
  signal: AbortSignal,
): Promise<MemberView | undefined> {
  const views = await ask(`${url}/api/v1/members`, { signal }) as readonly MemberView[];
  return views.find((view) => view.member === member);
}

/** Has a member emptied; the service needs `--web.enable-admin-api`. Throws as the above. */
export async function askToDrain(url: string, member: string, signal: AbortSignal): Promise<void> {
  await ask(`${url}/api/v1/members/${member}/drain`, { method: "PUT", signal });
}

async function ask(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: expected success, found ${response.status}: ${text}`);
  return (JSON.parse(text) as { data: unknown }).data;
}
