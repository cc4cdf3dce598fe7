// What the pages do better with script. Nothing here is needed.
"use strict";

// A form marked data-once is sent once: further clicks wait for the answer. The
// button pressed stays part of what is sent, so it is disabled a moment later.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  if (!("once" in form.dataset)) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => form.setAttribute("aria-busy", "true"), 0);
  setTimeout(() => busy(form.dataset.sent === "yes"), 700);
});

// What takes longer than a moment says so.
function busy(yes) {
  const said = document.getElementById("busy");
  if (said) said.textContent = yes ? said.dataset.text : "";
}

// A page that comes back from the browser's memory can be sent again.
window.addEventListener("pageshow", () => {
  busy(false);
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// A link to a step or a field inside closed details opens them.
function reveal() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target || target.matches("main, nav")) return;
  for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  const field = target.matches("input, select, textarea") ? target : target.querySelector("input:not([type=hidden]), select, textarea");
  if (field) field.focus();
}
window.addEventListener("hashchange", reveal);
document.addEventListener("DOMContentLoaded", reveal);

// An input that depends on another one is there only while that one has a certain
// value. A box that is not ticked stands at false; a choice not made, at nothing.
function valuesOf(form, name) {
  const inputs = [...form.elements].filter((e) => e.name === name);
  const values = inputs.filter((e) => (e.type !== "radio" && e.type !== "checkbox") || e.checked).map((e) => e.value).filter((v) => v !== "");
  return values.length === 0 && inputs.some((e) => e.type === "checkbox") ? ["false"] : values;
}
function depend(form) {
  for (const part of form.querySelectorAll("[data-if]")) {
    const values = valuesOf(form, part.dataset.if);
    part.hidden = !part.dataset.is.split(" ").some((v) => values.includes(v));
  }
}
document.addEventListener("change", (event) => {
  if (event.target.form) depend(event.target.form);
});
function dependAll() {
  for (const form of document.querySelectorAll("form:has([data-if])")) depend(form);
}
document.addEventListener("DOMContentLoaded", dependAll);
window.addEventListener("pageshow", dependAll);

// Enter in a search within a form searches, and does not send the form.
document.addEventListener("keydown", (event) => {
  const button = event.key === "Enter" && event.target.matches(".ask input") && event.target.parentElement.querySelector("button");
  if (!button) return;
  event.preventDefault();
  button.click();
});

// The menus close by Escape, and the one of the user by a click beside it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector(".me[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (location.hash === "#menu") {
    location.hash = "#main";
    document.querySelector(".menu-open").focus();
  }
});
document.addEventListener("click", (event) => {
  const open = document.querySelector(".me[open]");
  if (open && !open.contains(event.target)) open.open = false;
});

// What a page asks for on its own waits while nobody sees it, and does not keep the
// session alive. Seen again, it asks at once.
const alone = (event) => !event.detail.requestConfig.triggeringEvent || event.detail.requestConfig.triggeringEvent.type === "wake";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && alone(event)) event.preventDefault();
});
document.addEventListener("htmx:configRequest", (event) => {
  const trigger = event.detail.triggeringEvent;
  if (!trigger || trigger.type === "wake") event.detail.headers["Gongshu-Unattended"] = "yes";
});
document.addEventListener("visibilitychange", () => {
  const live = !document.hidden && document.getElementById("live");
  if (live && window.htmx) htmx.trigger(live, "wake");
});

// A button that prints is there only with script.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// On paper everything is open.
window.addEventListener("beforeprint", () => {
  for (const d of document.querySelectorAll("details.why:not([open])")) {
    d.open = true;
    d.dataset.printed = "yes";
  }
});
window.addEventListener("afterprint", () => {
  for (const d of document.querySelectorAll("details[data-printed]")) {
    d.open = false;
    delete d.dataset.printed;
  }
});
