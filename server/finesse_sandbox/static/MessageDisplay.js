// The stand-in's own banner for messages of a gadget, at the address where Finesse 11.5 and later have theirs.

(() => {
  const banner = () =>
    /** @type {HTMLElement | null} */ (document.querySelector("#banner, .banner, [id*=anner]"));
  /** @param {string} text */
  function show(text) {
    const box = banner();
    if (!box) return console.log(text);
    box.textContent = text;
    box.hidden = false;
    box.style.display = "";
  }
  /** @param {any} error */
  const words = (error) => {
    const told = [error?.object?.ApiErrors?.ApiError].flat()[0];
    return told ? `${told.ErrorType}: ${told.ErrorMessage}` : String(error?.message ?? error);
  };
  Object.assign(window.finesse.utilities, {
    MessageDisplay: {
      init() {},
      showBanner: show,
      showBannerInfo: show,
      showBannerError: (/** @type {any} */ error) => show(words(error)),
      hideBanner() {
        const box = banner();
        if (box) box.style.display = "none";
      },
    },
  });
})();
