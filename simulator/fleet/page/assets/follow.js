// Follows a load that is under way: asks for the page once a second, and puts what changed
// in its place. All that is shown comes as the HTML that the server made.
"use strict";
(() => {
  const every = 1000, patience = 10000;
  const badge = () => document.getElementById("link");
  const tell = (text, tone) => { const b = badge(); if (b) { b.textContent = text; b.className = "badge " + tone; } };
  const shown = new Map();
  for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.outerHTML);

  const replace = (page) => {
    const frame = [...page.querySelectorAll("[data-live]")].map((part) => part.id).join();
    if (frame !== [...document.querySelectorAll("[data-live]")].map((part) => part.id).join()) {
      document.querySelector("main").replaceWith(document.importNode(page.querySelector("main"), true));
    }
    for (const part of page.querySelectorAll("[data-live]")) {
      const old = document.getElementById(part.id), html = part.outerHTML;
      if (!old || shown.get(part.id) === html) continue;
      shown.set(part.id, html);
      if (old.contains(document.activeElement) && old.querySelector("details[open]")) continue; // somebody reads there
      const open = [...old.querySelectorAll("details[open]")].map((d) => d.id);
      const at = [...old.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
      const fresh = document.importNode(part, true);
      old.replaceWith(fresh);
      for (const id of open) fresh.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
      fresh.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = at[i] ?? 0; });
    }
    document.title = page.title;
  };

  const look = async () => {
    if (document.hidden) return true;
    const response = await fetch(location.href, {signal: AbortSignal.timeout(patience)});
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    replace(page);
    fipsim.update(page);
    const done = page.querySelector("header.run") === null;
    tell(done ? "ended" : "live", done ? "" : "good");
    return !done;
  };
  const follow = async () => {
    let goesOn = true;
    try {
      goesOn = await look();
    } catch {
      tell("not connected", "bad");
    }
    if (goesOn) setTimeout(follow, every);
  };
  tell("live", "good");
  setTimeout(follow, every);
})();
