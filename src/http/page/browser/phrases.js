// @ts-check
/**
 * The sentences of the service in Chinese. The API and the log have them in English, with the reason of
 * somebody else behind them in many cases: that of Consul, of a Pushgateway or of the system is quoted as it is.
 *
 * @module
 */

/**
 * A hole `{0}` is quoted, as it is. A hole `[0]` is a sentence itself, and translated.
 *
 * @type {readonly (readonly [en: string, zh: string])[]}
 */
export const PHRASES = [
  // Why a member is in its state.
  ["listed by discovery", "已被服务发现列出"],
  ["healthy, and answers our probe", "健康，且响应探测"],
  ["healthy in discovery", "服务发现报告其健康"],
  ["healthy, and its groups are about to be read", "健康，即将读取其 group"],
  ["has restarted, and its groups are about to be read", "已重启，即将读取其 group"],
  ["answers our probe, and is unhealthy in discovery", "响应探测，但服务发现报告其不健康"],
  ["unhealthy in discovery", "服务发现报告其不健康"],
  ["unhealthy in discovery: {0}", "服务发现报告其不健康：{0}"],
  ["does not answer our probe", "不响应探测"],
  ["answers its probe with {0}", "以状态码 {0} 响应探测"],
  ["marked as removed", "已标记为移除"],
  ["in maintenance in discovery", "在服务发现中处于维护状态"],
  ["removed from discovery while alive", "仍在运行时被移出服务发现"],
  ["[0]; it is empty and may be stopped", "[0]；已空，可以停止"],
  ["told to leave, and removed from discovery", "已被要求离开，并已移出服务发现"],
  [
    "discovery has lost its entry, but it answers: it stays in the ring",
    "服务发现丢失了其条目，但它仍有应答：保留在哈希环中",
  ],
  [
    "does not answer, and is no longer listed; what it holds was not moved",
    "无应答，且不再被列出；其持有的 group 未被移动",
  ],
  ["not in discovery any more", "已不在服务发现中"],
  ["another name of another member's process", "另一成员进程的别名"],
  ["the same process as {0}", "与 {0} 是同一进程"],
  ["no longer listed", "不再被列出"],
  ["away for too long", "离开过久"],
  ["does not answer any more", "不再应答"],
  [
    "[0]; it does not answer, so what it holds was not moved",
    "[0]；它无应答，因此其持有的 group 未被移动",
  ],
  // How a request to a member failed.
  ["connection refused", "连接被拒绝"],
  ["no connection", "无法连接"],
  ["no connection within {0} ms", "{0} 毫秒内未能连接"],
  ["no answer within {0} ms", "{0} 毫秒内无应答"],
  ["the page did not come to its end within {0} ms", "页面未能在 {0} 毫秒内结束"],
  ["not done within {0} ms", "未能在 {0} 毫秒内完成"],
  ["the answer broke off", "应答中断"],
  ["the connection ended without an answer", "连接在应答之前结束"],
  ["two connections ended without an answer", "两个连接在应答之前结束"],
  ["{0} TLS handshakes with it are not answered", "有 {0} 次 TLS 握手未得到应答"],
  ["the password file {0} cannot be read", "无法读取密码文件 {0}"],
  [
    "expected its groups from /api/v1/metrics, found status {0}",
    "读取 /api/v1/metrics 得到状态码 {0}",
  ],
  ["expected 200 from {0}, found {1}", "期望 {0} 返回 200，得到 {1}"],
  // Whether the instance is ready.
  ["waiting for the first look-up of members", "等待首次成员查询"],
  ["no member is known", "没有已知成员"],
  ["{0} member", "{0} 个成员"],
  ["{0} members", "{0} 个成员"],
  ["discovery lists no member", "服务发现未列出任何成员"],
  ["none of {0} listed members is active", "列出的 {0} 个成员都不是活动状态"],
  ["[0]; the last ring is kept", "[0]；保留上一个哈希环"],
  ["[0], and the [1] of members failed", "[0]，且成员的[1]失败"],
  ["first look-up", "首次查询"],
  ["last look-up", "最近一次查询"],
  // Why a group stays on a member that is being drained.
  ["no other member can take it", "没有其他成员可以接收"],
  ["its copy is different", "其副本不同"],
  ["its copy cannot be found", "找不到其副本"],
  ["{0} and {1} are one Pushgateway under two names", "{0} 与 {1} 是同一个 Pushgateway 的两个名称"],
  [
    "{0} and {1} may be one Pushgateway: their start times are not both known",
    "{0} 与 {1} 可能是同一个 Pushgateway：未能得知两者的启动时间",
  ],
  [
    "the series {0} is exposed by two groups, {1} and {2}",
    "序列 {0} 由两个 group 暴露：{1} 与 {2}",
  ],
  ["its labels are not UTF-8", "其标签不是 UTF-8"],
  ["it has a metric family without a name", "其中有没有名称的指标族"],
  [
    "its member holds it with an empty instance label and without",
    "其成员同时持有带空 instance 标签和不带该标签的它",
  ],
  ["its series {0} is in its member's API twice", "其序列 {0} 在成员的 API 中出现两次"],
  ["its series {0} is on its member's /metrics twice", "其序列 {0} 在成员的 /metrics 中出现两次"],
  ["its series {0} is not on its member's /metrics", "其序列 {0} 不在成员的 /metrics 中"],
  ["its member's /metrics answers {0}", "其成员的 /metrics 返回 {0}"],
  // What is refused.
  ["Admin API is not enabled.", "管理 API 未启用。"],
  ["no Pushgateway is known yet", "尚无已知的 Pushgateway"],
  [
    "handoff is off (handoff.enabled: false), so no groups are known",
    "handoff 已关闭（handoff.enabled: false），因此没有已知的 group",
  ],
  [
    "handoff is off (handoff.enabled: false), so no group would be moved",
    "handoff 已关闭（handoff.enabled: false），因此不会移动任何 group",
  ],
  [
    "handoff is off (handoff.enabled: false), so its groups would not be moved",
    "handoff 已关闭（handoff.enabled: false），因此不会移动其 group",
  ],
  ["{0} is not a member", "{0} 不是成员"],
  ["{0} cannot be drained: [1]", "无法搬空 {0}：[1]"],
  [
    "it is the same Pushgateway as {0}, which is used instead",
    "它与 {0} 是同一个 Pushgateway，使用的是后者",
  ],
  [
    "{0} cannot leave: no other member could take its groups",
    "{0} 不能离开：没有其他成员可以接收其 group",
  ],
  ["{0} is not being drained: it is {1}", "{0} 未在搬空：其状态为 {1}"],
  ["the mark could not be set: [0]", "无法设置标记：[0]"],
  ["the members cannot be read: [0]", "无法读取成员：[0]"],
  ["{0} is in the ring already", "{0} 已在哈希环中"],
  ["{0} is not in the ring", "{0} 不在哈希环中"],
  ["expected at least one member to stay, found none", "至少要保留一个成员"],
  ["expected at most {0} changes, found {1}", "最多 {0} 项变更，得到 {1} 项"],
  ["expected host:port, found {0}", "应为 host:port，得到 {0}"],
  ["expected a port from 1 to {0}, found {1}", "端口应为 1 到 {0}，得到 {1}"],
  [
    "expected HOST:PORT=WEIGHT with a weight from 1 to {0}, found {1}",
    "应为 HOST:PORT=WEIGHT，权重为 1 到 {0}，得到 {1}",
  ],
  [
    "expected a push URL, a path as /metrics/job/JOB, or labels as job=JOB,instance=NAME, found {0}",
    "应为推送 URL、路径（如 /metrics/job/JOB）或标签（如 job=JOB,instance=NAME），得到 {0}",
  ],
  ["[0] is being made for [1]: try again later", "正在为[1]处理[0]：请稍后重试"],
  ["another client", "另一个客户端"],
  ["{0} other clients", "其他 {0} 个客户端"],
  ["a plan", "变更预览"],
  ["a search for groups", "group 搜索"],
  ["a list of sizes", "大小列表"],
  ["expected no request of another site's page, found {0}", "不接受其他网站页面的请求，得到 {0}"],
  ["not wiped: {0}", "未清空：{0}"],
  ["the group is being moved: [0]", "group 正在移动：[0]"],
  ["[0]; the push may have been taken", "[0]；推送可能已被接受"],
  ["{0} has too many pushes to answer", "{0} 待应答的推送过多"],
  ["{0} refuses the credentials of dynamic-sharding", "{0} 拒绝 dynamic-sharding 的凭据"],
  ["no Pushgateway can be reached, tried {0}", "无法连接任何 Pushgateway，已尝试 {0}"],
];

/** What a hole of a phrase is in a regular expression. */
const HOLE = /\{\d\}|\[\d\]/g;
/** A chain of causes, as errors are told. */
const CAUSE = ": ";

/** @type {ReadonlyMap<string, string>} */
const EXACT = new Map(PHRASES.filter(([en]) => !en.match(HOLE)));
const PATTERNS = PHRASES.filter(([en]) => en.match(HOLE)).map(([en, zh]) => ({
  pattern: new RegExp(
    `^${
      en.split(/(\{\d\}|\[\d\])/).map((piece, i) =>
        i % 2 === 1 ? "([^]*?)" : piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      ).join("")
    }$`,
  ),
  holes: [...en.matchAll(HOLE)].map(([hole]) => hole),
  zh,
}));

/**
 * A sentence of the service in Chinese. What is not known stays as it is.
 *
 * @param {string} text
 * @returns {string}
 */
export function inChinese(text) {
  const whole = phrase(text);
  if (whole !== undefined) return whole;
  const end = text.indexOf(CAUSE);
  if (end < 0) return text;
  const [what, cause] = [text.slice(0, end), text.slice(end + CAUSE.length)];
  const [told, toldCause] = [phrase(what), inChinese(cause)];
  return told === undefined && toldCause === cause ? text : `${told ?? what}：${toldCause}`;
}

/**
 * @param {string} text
 * @returns {string | undefined}
 */
function phrase(text) {
  const exact = EXACT.get(text);
  if (exact !== undefined) return exact;
  for (const { pattern, holes, zh } of PATTERNS) {
    const found = pattern.exec(text);
    if (!found) continue;
    return zh.replace(HOLE, (hole) => {
      const value = found[1 + holes.indexOf(hole)];
      return hole.startsWith("[") ? inChinese(value) : value;
    });
  }
  return undefined;
}
