// Starts textual-serve's terminal (textual.js), once its font is there: it measures the cells only once.
"use strict";

const terminal = document.getElementById("terminal");
terminal.dataset.sessionWebsocketUrl = `ws://${location.host}/_local/web/socket`;
document.getElementById("again").addEventListener("click", () => location.reload());

function trouble(words) {
  document.getElementById("trouble").textContent = words;
  document.body.classList.add("-trouble");
}

// Keys go to the terminal without a click, from the moment when it is connected: textual.js tells candela of the focus.
function focus() {
  if (terminal.classList.contains("-connected")) {
    terminal.querySelector(".xterm-helper-textarea").focus();
  }
}

window.addEventListener("focus", focus);
new MutationObserver(focus).observe(terminal, { attributeFilter: ["class"] });

function begin() {
  try {
    // textual.js waits for the page to load, which it has.
    window.onload();
  } catch (error) {
    trouble(`The terminal could not be started in this browser: ${error.message}`);
  }
}

async function start() {
  const fonts = ["16px", "bold 16px", "italic 16px", "italic bold 16px"];
  await Promise.allSettled(fonts.map((font) => document.fonts.load(`${font} "Roboto Mono"`)));
  const script = document.createElement("script");
  script.src = "web/textual.js";
  script.addEventListener("load", begin);
  script.addEventListener("error", () => trouble("The terminal could not be loaded from candela."));
  document.head.append(script);
}

if (document.readyState === "complete") {
  start();
} else {
  window.addEventListener("load", start);
}
