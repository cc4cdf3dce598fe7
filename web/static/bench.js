// What lists and forms of the workbenches do better with script. Nothing here is needed.
"use strict";

// Choosing several rows at once, and how many are.
function count(form) {
  const boxes = [...form.elements].filter((e) => e.type === "checkbox" && e.name);
  const n = boxes.filter((b) => b.checked).length;
  const said = form.querySelector("[data-chosen]");
  if (said) {
    said.dataset.plain ??= said.textContent;
    said.textContent = n ? said.dataset.chosen.replace("{0}", n) : said.dataset.plain;
  }
  const all = form.querySelector("[data-all]");
  if (all) {
    all.closest("label").hidden = false;
    all.checked = n > 0 && n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
  }
}
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.dataset.all) {
    for (const e of box.form.elements) if (e.name === box.dataset.all) e.checked = box.checked;
  }
  if (box.form && box.form.classList.contains("several")) count(box.form);
});

// A filter chosen narrows at once.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && "narrow" in form.dataset && event.target.matches("select")) form.requestSubmit();
});

// Saying what was chosen from a list in the fields beside it.
document.addEventListener("change", (event) => {
  const pick = event.target;
  if (!pick.dataset.fills) return;
  const [law, article] = pick.value.split("|");
  const row = pick.closest(".basis");
  const fields = row ? row.querySelectorAll("input[type=text]") : [];
  if (pick.value && fields.length > 1) {
    fields[0].value = law;
    fields[1].value = article;
  }
});

function ready() {
  for (const form of document.querySelectorAll("form.several")) count(form);
  for (const form of document.querySelectorAll("form[data-autosave]")) autosave(form);
}
document.addEventListener("DOMContentLoaded", ready);
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.several")) count(form);
});

// A draft is saved by itself while it is written: without its files, and only when
// something changed. What went wrong is said, and nothing that was typed is lost.
function autosave(form) {
  if (form.dataset.saving) return;
  form.dataset.saving = "yes";
  const said = document.getElementById(form.dataset.autosave);
  const every = 1000 * (Number(form.dataset.every) || 30);
  const content = () => {
    const data = new FormData(form);
    for (const name of [...data.keys()]) if (data.get(name) instanceof File) data.delete(name);
    return data;
  };
  const text = (data) => new URLSearchParams([...data].filter(([name]) => name !== "key" && name !== "version")).toString();
  let last = text(content());
  let stopped = false;
  const save = async () => {
    if (stopped || form.dataset.sent) return;
    const data = content();
    const now = text(data);
    if (now === last) return;
    data.set("then", "auto");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" }, redirect: "manual" });
      if (form.dataset.sent) return;
      const saved = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
      if (saved?.key) form.elements.key.value = saved.key;
      if (answer.ok && saved) {
        last = now;
        form.elements.version.value = saved.version;
        if (form.getAttribute("action") !== saved.action) {
          form.setAttribute("action", saved.action);
          history.replaceState(null, "", saved.action);
        }
      } else if (answer.status === 409 || answer.type === "opaqueredirect") stopped = true;
      said.textContent = saved?.said || said.dataset.failed;
    } catch {
      said.textContent = said.dataset.failed;
    }
  };
  setInterval(save, every);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
}
