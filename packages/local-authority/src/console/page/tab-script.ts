/** Second part: the tabs, by mouse, keyboard and address. */
export const tabScript = String.raw`
const tabs = [...document.querySelectorAll("[role=tab]")];
const shown = {};
const open = (id, hasFocus = false) => {
  for (const tab of tabs) {
    const isOpen = tab.id === "tab-" + id;
    tab.setAttribute("aria-selected", isOpen);
    tab.tabIndex = isOpen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !isOpen;
    if (isOpen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (isOpen && hasFocus) tab.focus();
  }
  history.replaceState(null, "", "#" + id);
  if (shown[id]) run(shown[id]);
};
for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => open(tab.getAttribute("aria-controls")));
  tab.addEventListener("keydown", ({ key }) => {
    const last = tabs.length - 1;
    const next = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[key];
    if (next !== undefined) open(tabs[next].getAttribute("aria-controls"), true);
  });
}
const openNamed = () => {
  const named = location.hash.slice(1);
  open(tabs.some((tab) => tab.id === "tab-" + named) ? named : "requests");
};
addEventListener("hashchange", openNamed);
addEventListener("DOMContentLoaded", openNamed);
`;
