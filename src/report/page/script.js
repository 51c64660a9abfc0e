(() => {
"use strict";
const tip = document.getElementById("tip");
let current = null;
// The browser's own tooltip would come second and late: the page shows the same words at once.
for (const mark of document.querySelectorAll(".drawings .mark")) {
  const title = mark.querySelector(":scope > title");
  if (title) { mark.dataset.tip = title.textContent; title.remove(); }
}
const hide = () => {
  if (current) current.classList.remove("on");
  current = null;
  tip.hidden = true;
};
const show = (mark, x, y) => {
  if (current !== mark) {
    if (current) current.classList.remove("on");
    current = mark;
    mark.classList.add("on");
    tip.textContent = mark.dataset.tip;
  }
  tip.hidden = false;
  const wide = document.documentElement.clientWidth;
  const left = Math.min(Math.max(8, x + 12), wide - tip.offsetWidth - 8);
  const above = y - tip.offsetHeight - 12;
  tip.style.left = left + scrollX + "px";
  tip.style.top = (above > 4 ? above : y + 16) + scrollY + "px";
};
for (const event of ["pointermove", "pointerdown"]) {
  document.addEventListener(event, (e) => {
    const mark = e.target.closest && e.target.closest("[data-tip]");
    if (mark) show(mark, e.clientX, e.clientY);
    else if (event === "pointerdown" || !document.activeElement.closest(".drawings")) hide();
  });
}
for (const group of document.querySelectorAll(".drawings")) {
  const marks = [...group.querySelectorAll("[data-tip]")];
  if (!marks.length) continue;
  group.tabIndex = 0;
  group.setAttribute("aria-label", group.getAttribute("aria-label") + ": arrow keys step through the values");
  let at = -1;
  const go = (to) => {
    at = (to + marks.length) % marks.length;
    marks[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    const box = marks[at].getBoundingClientRect();
    show(marks[at], box.left + box.width / 2, box.top);
  };
  group.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (step) go(at < 0 && step < 0 ? marks.length - 1 : at + step);
    else if (e.key === "Home") go(0);
    else if (e.key === "End") go(marks.length - 1);
    else if (e.key === "Escape") hide();
    else return;
    e.preventDefault();
  });
  group.addEventListener("blur", hide);
}
// What scrolls sideways can be reached by keyboard.
const reach = () => {
  for (const box of document.querySelectorAll(".scroll, .plot, pre")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true);
reach();
const contents = document.querySelector("nav details");
if (contents && matchMedia("(max-width: 40rem)").matches) contents.open = false;
let closed = [];
addEventListener("beforeprint", () => {
  hide();
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const d of closed) d.open = true;
});
addEventListener("afterprint", () => { for (const d of closed) d.open = false; });
})();
