const button = document.getElementById("add");
const status = document.getElementById("status");

async function post(path, body) {
	const answer = await fetch(path, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body),
	});
	const document = await answer.json();
	if (!answer.ok) throw new Error(document.message ?? document.detail ?? answer.statusText);
	return document;
}

button.addEventListener("click", async () => {
	button.disabled = true;
	status.textContent = "";
	try {
		const started = await post("/passkey/start", {});
		const options = PublicKeyCredential.parseCreationOptionsFromJSON(started.CredentialCreationOptions);
		const credential = await navigator.credentials.create({ publicKey: options });
		await post("/passkey/complete", { Credential: credential.toJSON() });
		status.textContent = "It is added. Sign out, and sign in by it.";
	} catch (error) {
		status.textContent = `There is no new passkey: ${error.message}`;
	}
	button.disabled = false;
});
