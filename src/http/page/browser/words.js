// @ts-check
/** What the page says, in English and in Chinese. Used by the server and by the browser. @module */

import { inChinese } from "./phrases.js";

/** @typedef {"en" | "zh"} Language */

/** @type {Readonly<Record<string, readonly [en: string, zh: string]>>} */
const WORDS = {
  actions: ["Actions", "操作"],
  add: ["Add", "添加"],
  added: ["added", "新增"],
  agreement: ["Agreement", "一致性"],
  agreementAlone: [
    "This instance knows of no others. Only instances that share a Consul are listed.",
    "此实例不知道其他实例。只有共用 Consul 的实例才会列出。",
  ],
  all: ["all states", "所有状态"],
  brokenPage: ["/metrics is broken", "/metrics 损坏"],
  cancel: ["Cancel", "取消"],
  cannotRead: ["{0} cannot be read: {1}", "无法读取 {0}：{1}"],
  cannotJoin: ["{0} cannot join: {1}", "{0} 无法加入：{1}"],
  change: ["Change", "变更"],
  changed: ["{0}: {1} → {2}: {3}", "{0}：{1} → {2}：{3}"],
  clear: ["Clear", "清除"],
  configuration: ["Configuration", "配置"],
  compared: ["Last sweep", "最近扫描"],
  confirmDelete: [
    "Delete this group? It lies on {0} of the Pushgateways. Its metrics are gone until they are pushed again.",
    "删除此 group？它位于 {0} 个 Pushgateway 上。在重新推送之前，其指标将不存在。",
  ],
  confirmDrain: [
    "Empty {0} and take it out of the ring? It holds {1} groups. They are moved to other members:",
    "搬空 {0} 并将其移出哈希环？它持有 {1} 个 group，将移动到其他成员：",
  ],
  confirmUndo: [
    "Keep {0}? {1} of {2} groups have been moved away. They stay where they are until they are pushed again.",
    "保留 {0}？{2} 个 group 中已有 {1} 个移走，它们在下次推送之前留在原处。",
  ],
  confirmWipe: [
    "Delete all {0} groups on all {1} members? This cannot be undone. Type {0} to confirm.",
    "删除全部 {1} 个成员上的全部 {0} 个 group？此操作无法撤销。请输入 {0} 确认。",
  ],
  curlDelete: ["Delete it", "删除"],
  curlPush: ["Push to it", "推送"],
  curlRead: ["See where it lies", "查看位置"],
  days: ["{0} d", "{0} 天"],
  deleteGroup: ["Delete", "删除"],
  differs: ["differs", "不同"],
  doesNotAnswer: ["does not answer", "无应答"],
  drain: ["Drain", "搬空"],
  drained: ["empty, may be stopped", "已空，可以停止"],
  drains: ["Drains", "搬空进度"],
  eventHeld: ["it held {0} groups", "它持有 {0} 个 group"],
  eventGroups: [
    "{0} of {1} groups lie on others than their owners",
    "{1} 个 group 中有 {0} 个不在其所有者上",
  ],
  eventMoved: ["{0} groups were moved", "已移动 {0} 个 group"],
  eventReload: ["the configuration was reloaded", "配置已重新加载"],
  eventReloadFailed: ["the configuration was not reloaded: {0}", "配置未重新加载：{0}"],
  eventRing: ["a ring of {0} members was published", "已发布 {0} 个成员的哈希环"],
  events: ["Events", "事件"],
  failed: ["failed", "失败"],
  failures: ["Failures", "失败数"],
  filter: ["Filter members", "筛选成员"],
  find: ["Find", "查找"],
  first: ["First page", "第一页"],
  from: ["From", "从"],
  group: ["Group", "group"],
  groups: ["Groups", "group"],
  groupsFound: ["Groups that match: {0}", "匹配的 group：{0}"],
  handoff: ["Handoff", "handoff"],
  handoffNone: [
    "Every group that can be read lies with its owner.",
    "可读取的 group 都在其所有者上。",
  ],
  handoffOff: ["off (handoff.enabled: false)", "已关闭（handoff.enabled: false）"],
  handoffSome: [
    "{0} of {1} groups are misplaced. Each is moved by its next push.",
    "{1} 个 group 中有 {0} 个错位，下次推送时各自归位。",
  ],
  holders: ["Held by", "持有者"],
  hours: ["{0} h", "{0} 小时"],
  inRing: ["In the ring", "环中成员"],
  instance: ["Instance", "实例"],
  job: ["Job", "作业"],
  keeps: ["No member is active, the last ring is kept", "没有活动成员，保留上一个哈希环"],
  labels: ["Labels", "标签"],
  lastPush: ["Last push", "最近推送"],
  left: ["{0} left", "剩余 {0}"],
  locate: ["Where does this go?", "推送到哪里？"],
  locateHint: [
    "A push URL, a path, or labels as job=backup,instance=db1",
    "推送 URL、路径，或标签如 job=backup,instance=db1",
  ],
  locateShow: ["Look up", "查询"],
  lookupFailed: ["The last look-up of members failed", "最近一次成员查询失败"],
  lost: ["gone without a word", "意外消失"],
  member: ["Member", "成员"],
  members: ["Members", "成员"],
  membersShown: ["{0} of {1} members", "{1} 个成员中的 {0} 个"],
  minutes: ["{0} min", "{0} 分钟"],
  misplaced: ["Misplaced", "错位"],
  missing: ["Missing", "缺失"],
  movedOf: ["{0} of {1} groups moved", "{1} 个 group 中已移动 {0} 个"],
  never: ["never", "从未"],
  next: ["Next page", "下一页"],
  noAnswer: [
    "No answer since {0}: {1}. What is shown may be out of date.",
    "自 {0} 起无应答：{1}。显示的内容可能已过时。",
  ],
  noDrains: ["No member is being drained.", "没有正在搬空的成员。"],
  noEvents: ["Nothing has happened since this process started.", "自进程启动以来没有事件。"],
  noGroups: ["No group matches.", "没有匹配的 group。"],
  noMembers: ["No member is known yet.", "尚无已知成员。"],
  noMoves: ["No group would move.", "没有 group 会移动。"],
  notReady: ["Not ready: {0}", "未就绪：{0}"],
  notSwept: ["Nothing was swept yet.", "尚未扫描。"],
  ok: ["All is well", "一切正常"],
  other: [
    "Another spelling of the usual path. A Pushgateway takes it as it is.",
    "与常用路径写法不同，Pushgateway 会照原样接受。",
  ],
  owner: ["Owner", "所有者"],
  path: ["Usual path", "常用路径"],
  perSecond: ["{0} a second", "每秒 {0} 个"],
  plan: ["What if …", "假设变更"],
  planHint: [
    "Counts the groups of the last sweeps that would get another owner. Nothing is changed.",
    "统计最近一次扫描中会更换所有者的 group。不会做任何更改。",
  ],
  preview: ["Preview", "预览"],
  problems: ["Problems", "问题"],
  rate: ["Pushes/s", "推送/秒"],
  readSize: ["Read", "读取"],
  readSizes: ["Read sizes", "读取大小"],
  readSizesHint: [
    "Reads the Pushgateways that hold these groups, each as a whole, like a sweep.",
    "完整读取持有这些 group 的每个 Pushgateway，与扫描相同。",
  ],
  remove: ["Remove", "移除"],
  removed: ["removed", "移除"],
  ring: ["Ring", "哈希环"],
  ringDrawn: [
    "The ring: an arc for each member. Use the arrow keys to go through them.",
    "哈希环：每个成员一段弧。使用方向键逐个查看。",
  ],
  running: ["Running for", "已运行"],
  search: [
    "Search groups, as job=backup instance=db* or any text",
    "搜索 group，如 job=backup instance=db* 或任意文本",
  ],
  seconds: ["{0} s", "{0} 秒"],
  shares: ["{0} of the ring, {1} of the groups", "环占比 {0}，group 占比 {1}"],
  share: ["Share", "环占比"],
  showAll: ["Show all {0}", "显示全部 {0} 个"],
  since: ["Since", "始于"],
  size: ["Size", "大小"],
  sizeOf: ["{0} samples, {1}", "{0} 个样本，{1}"],
  sizeOfOne: ["1 sample, {0}", "1 个样本，{0}"],
  sort: ["Sort by", "排序"],
  spelling: ["Spelling", "写法"],
  spellingChanged: [
    "A Pushgateway would answer this path with a redirect, or keep another group beside this one. The usual path is used instead.",
    "Pushgateway 会对此路径返回重定向，或另存为其他 group。这里改用常用路径。",
  ],
  state: ["State", "状态"],
  stateActive: ["active", "活动"],
  stateAlias: ["alias", "别名"],
  stateDeparted: ["departed", "已离开"],
  stateDraining: ["draining", "搬空中"],
  stateJoining: ["joining", "加入中"],
  stateSuspect: ["suspect", "可疑"],
  stateUnknown: ["unknown", "未知"],
  staying: ["groups that cannot be moved: {0} ({1})", "无法移动的 group：{0}（{1}）"],
  sweep: ["Sweep", "扫描"],
  sweepRead: [
    "{0} of {1} members could be read the last time.",
    "{1} 个成员中，最近一次读取成功的有 {0} 个。",
  ],
  thisOne: ["this one", "本实例"],
  time: ["Time", "时间"],
  title: ["dynamic-sharding: status", "dynamic-sharding：状态"],
  to: ["To", "到"],
  tooMany: ["The list ends after {0}.", "列表在 {0} 项后结束。"],
  underway: ["Under way", "进行中"],
  undo: ["Undo", "撤销"],
  undoDrain: ["Undo the drain", "撤销搬空"],
  usual: ["The usual one.", "常用写法。"],
  version: ["Version", "版本"],
  warnBroken: [
    "Members whose /metrics is broken, so that they cannot be scraped ({0})",
    "/metrics 损坏而无法抓取的成员（{0}）",
  ],
  warnConfig: ["Other instances with another configuration: {0}", "配置不同的其他实例：{0}"],
  warnLocksForbidden: [
    "Consul refuses locks. Pushes go on, but no group is moved, and no drain goes on",
    "Consul 拒绝锁。推送继续，但不移动 group，搬空不会继续",
  ],
  warnMissing: [
    "Missing groups: {0}. Only members that do not answer have them",
    "缺失的 group：{0}。只有无应答的成员持有它们",
  ],
  warnMisplaced: [
    "Misplaced groups: {0}. Pushes bring them home",
    "错位的 group：{0}。推送会将其移回",
  ],
  warnNoLocks: [
    "There are no locks in Consul. Pushes go on without them; drains and the removal of old copies wait",
    "Consul 中没有锁。推送在无锁的情况下继续；搬空和旧副本的删除在等待",
  ],
  warnRing: ["Other instances with another ring: {0}", "哈希环不同的其他实例：{0}"],
  warnSuspect: ["Suspect members ({0})", "可疑成员（{0}）"],
  warnUnread: [
    "Members whose groups cannot be read ({0})",
    "无法读取其 group 的成员（{0}）",
  ],
  weigh: ["Weigh", "调整权重"],
  weight: ["Weight", "权重"],
  what: ["What happened", "事件"],
  why: ["Why", "原因"],
  wipe: ["Delete all groups", "删除所有 group"],
  wouldMove: ["{0} of {1} groups would move.", "{1} 个 group 中有 {0} 个会移动。"],
};

/**
 * The language that a browser prefers of those that there are.
 *
 * @param {string} accepted the value of `Accept-Language`, or one tag
 * @returns {Language}
 */
export function languageOf(accepted) {
  for (const tag of accepted.toLowerCase().split(",")) {
    if (/^\s*zh\b/.test(tag)) return "zh";
    if (/^\s*en\b/.test(tag)) return "en";
  }
  return "en";
}

/**
 * The words of one language.
 *
 * @typedef {object} Told
 * @property {(text: string) => string} told a sentence of the service in this language
 *
 * @typedef {((key: string, ...values: readonly (string | number)[]) => string) & Told} Words what a key stands
 *   for, with the values in the places of `{0}`, `{1}` …
 */

/**
 * Creates the words of one language.
 *
 * @param {Language} language
 * @returns {Words}
 */
export function wordsOf(language) {
  const index = language === "zh" ? 1 : 0;
  /**
   * @param {string} key
   * @param {...(string | number)} values
   */
  const words = (key, ...values) => {
    const text = WORDS[key]?.[index];
    if (text === undefined) throw new Error(`expected a word of the page, found ${key}`);
    return text.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)]));
  };
  /** @param {string} text */
  const told = (text) => language === "zh" ? inChinese(text) : text;
  return Object.assign(words, { told });
}

/**
 * The key of a state's word.
 *
 * @param {string} state
 */
export function stateKey(state) {
  const key = `state${state.charAt(0).toUpperCase()}${state.slice(1)}`;
  return key in WORDS ? key : "stateUnknown";
}

/** The keys, for tests. */
export const KEYS = Object.keys(WORDS);
