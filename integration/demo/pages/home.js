const form = document.getElementById("note-form");
const status = document.getElementById("note-status");

form.addEventListener("submit", async (event) => {
	event.preventDefault();
	const answer = await fetch("/mine/note.txt", {
		method: "PUT",
		headers: { "Content-Type": "text/plain; charset=utf-8" },
		body: document.getElementById("note").value,
	}).catch(() => null);
	if (!answer?.ok) {
		status.textContent = answer ? `It was refused with status ${answer.status}.` : "The demo does not answer.";
		return;
	}
	const link = document.createElement("a");
	link.href = "/mine/note.txt";
	link.textContent = "Read it";
	status.replaceChildren("It is there. ", link);
});
