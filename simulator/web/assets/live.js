// Follows what happens without loading the page again. All that is shown comes from
// the server, as the same HTML that a page without JavaScript gets; lines of the
// timeline come as text and are put in as text.
"use strict";

const byId = (id) => document.getElementById(id);

// ---- parts of the page that change: elements with data-live

const shown = new Map(); // id → the HTML that the server sent last
for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.outerHTML);

function replaceParts(page) {
	for (const part of page.querySelectorAll("[data-live]")) {
		const old = byId(part.id), html = part.outerHTML;
		if (!old || shown.get(part.id) === html) continue;
		shown.set(part.id, html);
		const open = [...old.querySelectorAll("details[open]")].map((d) => d.id);
		const focused = old.contains(document.activeElement) ? document.activeElement.closest("details") : null;
		old.replaceWith(document.importNode(part, true));
		for (const id of open) byId(id)?.setAttribute("open", "");
		if (focused) byId(focused.id)?.querySelector("summary")?.focus();
	}
}

const parse = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

let asked = 0; // only the newest answer counts
async function refresh(url = location.href) {
	const mine = ++asked;
	try {
		const response = await fetch(url);
		const page = await parse(response);
		if (response.ok && mine === asked) replaceParts(page);
	} catch { /* the server is away; the badge of the timeline says so */ }
}

let waiting = 0;
function refreshSoon() {
	waiting ||= setTimeout(() => { waiting = 0; refresh(); }, 300);
}

// ---- the timeline, by server-sent events

const timeline = byId("timeline"), badge = byId("link"), announce = byId("announce");
const loud = /^(pass\.(start|done)|reboot\.|phone\.|factory\.)/; // worth saying aloud

function addLines(lines) {
	const rows = document.createDocumentFragment();
	for (const line of lines) {
		const row = document.createElement("li");
		const time = document.createElement("time"), text = document.createElement("span");
		row.className = line.tone;
		row.dataset.kind = line.kind;
		time.dateTime = line.at;
		time.textContent = line.clock;
		text.textContent = line.text;
		row.append(time, " ", text);
		rows.append(row);
	}
	timeline.append(rows);
	while (timeline.childElementCount > Number(timeline.dataset.most)) timeline.firstElementChild.remove();
	const told = lines.filter((line) => loud.test(line.kind)).map((line) => line.text.replace(/^[= ]+/, ""));
	if (told.length) announce.textContent = told.join(". ");
}

function follow() {
	const tell = (text, tone) => {
		badge.hidden = false;
		badge.textContent = text;
		badge.className = "badge " + tone;
	};
	let source = null, after = timeline?.dataset.after ?? "";
	const receive = (event) => {
		after = event.lastEventId;
		if (timeline) {
			if (event.type === "reset") timeline.replaceChildren();
			addLines(JSON.parse(event.data));
		}
		refreshSoon();
	};
	const open = () => {
		source = new EventSource("/events?after=" + encodeURIComponent(after));
		source.onopen = () => { if (badge) tell("live", "good"); refreshSoon(); };
		source.onerror = () => {
			if (badge) tell("not connected", "bad");
			if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (source?.readyState === EventSource.CLOSED) open(); }, 5000);
		};
		source.addEventListener("lines", receive);
		source.addEventListener("reset", receive);
	};
	const close = () => { source?.close(); source = null; };
	// A browser has few connections to one server: a page that nobody sees takes none.
	document.addEventListener("visibilitychange", () => document.hidden ? close() : source ?? open());
	if (!document.hidden) open();
}
follow();

// ---- forms that are sent without leaving the page

for (const form of document.querySelectorAll("form[data-inplace]")) {
	const button = form.querySelector("button");
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		if (button.ariaDisabled === "true") return;
		button.ariaDisabled = "true";
		try {
			const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
			const page = await parse(response);
			showMessage(page.getElementById("message"));
			showFields(form, page, response.ok);
			replaceParts(page);
		} catch {
			const lost = document.createElement("p");
			lost.className = "message bad";
			lost.textContent = "Not sent: the phone's page does not answer.";
			showMessage(lost);
		}
		button.ariaDisabled = "false";
	});
}

function showMessage(message) {
	if (!message) return;
	byId("message").className = message.className;
	byId("message").textContent = message.textContent;
}

// What was typed stays while it is wrong; what was saved is shown as the server shows it.
function showFields(form, page, ok) {
	for (const field of form.querySelectorAll("input[id]")) {
		const answer = page.getElementById(field.id);
		if (!answer) continue;
		if (ok) field.value = answer.value;
		for (const name of ["aria-invalid", "aria-describedby"]) {
			answer.hasAttribute(name) ? field.setAttribute(name, answer.getAttribute(name)) : field.removeAttribute(name);
		}
	}
	for (const box of form.querySelectorAll("input[type=checkbox]")) if (ok) box.checked = false;
}

// ---- search while typing

const search = byId("search");
if (search) {
	let soon = 0;
	const run = () => {
		const url = new URL(search.action);
		for (const [name, value] of new FormData(search)) if (value) url.searchParams.set(name, value);
		history.replaceState(null, "", url);
		refresh(url);
	};
	search.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(run, 150); });
	search.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(soon); run(); });
}
