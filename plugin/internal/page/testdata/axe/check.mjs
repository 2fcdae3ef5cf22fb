// Opens pages in Chromium and prints what is wrong with them, as JSON. Standard
// input says which: {chromium, screenshots, pages: [{name, url, focus, qr}], passkey}.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import axe from "axe-core";
import jsQR from "jsqr";
import { PNG } from "pngjs";
import puppeteer from "puppeteer-core";

const input = JSON.parse(readFileSync(0, "utf8"));
const browser = await puppeteer.launch({ executablePath: input.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const faults = [];
const fault = (name, what) => faults.push(`${name}: ${what}`);
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

const open = async (url, scheme, width, height = 800) => {
	const page = await browser.newPage();
	await page.setViewport({ width, height });
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
	await page.setRequestInterception(true);
	page.on("request", (request) => {
		// Nothing leaves this machine; what a template may load is there, and empty.
		if (["localhost", "127.0.0.1", ""].includes(new URL(request.url()).hostname)) request.continue();
		else request.respond({ status: 200, contentType: "text/javascript", body: "" });
	});
	await page.evaluateOnNewDocument(() => {
		window.blocked = [];
		document.addEventListener("securitypolicyviolation", (e) => window.blocked.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
	});
	await page.goto(url, { waitUntil: "load" });
	return page;
};

const judge = async ({ name, url, focus, qr }, scheme) => {
	const page = await open(url, scheme, 320);
	const where = `${name} (${scheme})`;
	await page.evaluate(axe.source);
	const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), tags);
	for (const v of violations) fault(where, `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ")}`);
	const [width, blocked, active] = await page.evaluate(() => [document.documentElement.scrollWidth, window.blocked, document.activeElement?.id ?? ""]);
	if (width > 320) fault(where, `is ${width} pixels wide in a window of 320`);
	if (blocked.length) fault(where, `the policy blocks ${blocked}`);
	if (focus !== active) fault(where, `expected the focus on ${JSON.stringify(focus)}, got ${JSON.stringify(active)}`);
	if (qr) {
		const image = PNG.sync.read(Buffer.from(await (await page.$(".qr")).screenshot()));
		const read = jsQR(new Uint8ClampedArray(image.data), image.width, image.height)?.data;
		if (read !== qr) fault(where, `expected the QR code to say ${qr}, got ${read}`);
	}
	await page.close();
};

const shoot = async ({ name, url }) => {
	for (const scheme of ["light", "dark"]) {
		for (const width of [360, 1280]) {
			const page = await open(url, scheme, width, width === 360 ? 640 : 800);
			await page.screenshot({ path: `${input.screenshots}/${name}-${width}-${scheme}.png`, fullPage: true });
			await page.close();
		}
	}
};

// A passkey of the browser's virtual authenticator answers; without one, the page
// says that it did not work and offers another way.
const passkey = async ({ url, credentialId }) => {
	const page = await open(url, "light", 800);
	const client = await page.createCDPSession();
	await client.send("WebAuthn.enable");
	const { authenticatorId } = await client.send("WebAuthn.addVirtualAuthenticator", {
		options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
	});
	await page.click("#passkey-button");
	await page.waitForSelector("#passkey-status:not([hidden])", { timeout: 15000 });
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	await client.send("WebAuthn.addCredential", {
		authenticatorId,
		credential: {
			credentialId, rpId: "localhost", isResidentCredential: true, signCount: 0, userHandle: Buffer.from("jo").toString("base64"),
			privateKey: createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })).export({ type: "pkcs8", format: "der" }).toString("base64"),
		},
	});
	await page.waitForSelector("#passkey-button:not([disabled])");
	await Promise.all([page.waitForNavigation({ timeout: 15000 }), page.click("#passkey-button")]);
	await page.close();
};

try {
	for (const page of input.pages) {
		await judge(page, "light");
		await judge(page, "dark");
	}
	if (input.passkey) await passkey(input.passkey);
	if (input.screenshots) {
		mkdirSync(input.screenshots, { recursive: true });
		for (const page of input.pages) await shoot(page);
	}
} finally {
	await browser.close();
}
console.log(JSON.stringify(faults));
