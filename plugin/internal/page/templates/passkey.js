"use strict";
(() => {
	const form = document.getElementById("passkey-form");
	const button = document.getElementById("passkey-button");
	const status = document.getElementById("passkey-status");
	const say = (text) => {
		status.textContent = text;
		status.hidden = text === "";
	};
	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
	const text = (buffer) =>
		btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
			.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
	// Written out, since browsers have parseRequestOptionsFromJSON and toJSON only since 2023 to 2025.
	const request = () => {
		const given = JSON.parse(form.dataset.options);
		const options = { ...(given.publicKey ?? given) };
		options.challenge = bytes(options.challenge);
		options.allowCredentials = (options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
		return options;
	};
	const answer = (credential) => ({
		id: credential.id,
		rawId: text(credential.rawId),
		type: credential.type,
		authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
		clientExtensionResults: credential.getClientExtensionResults(),
		response: {
			clientDataJSON: text(credential.response.clientDataJSON),
			authenticatorData: text(credential.response.authenticatorData),
			signature: text(credential.response.signature),
			userHandle: credential.response.userHandle ? text(credential.response.userHandle) : undefined,
		},
	});
	const ask = async () => {
		say("");
		button.disabled = true;
		try {
			const credential = await navigator.credentials.get({ publicKey: request() });
			form.elements.credential.value = JSON.stringify(answer(credential));
			form.submit();
		} catch (error) {
			// A SecurityError means passkeys of another domain: trying again cannot help.
			say(error.name === "SecurityError" ? form.dataset.unsupported : form.dataset.failed);
		}
		button.disabled = false;
	};
	if (!window.PublicKeyCredential) {
		say(form.dataset.unsupported);
		return;
	}
	button.hidden = false;
	button.addEventListener("click", ask);
})();
