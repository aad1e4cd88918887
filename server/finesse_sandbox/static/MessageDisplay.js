// The sandbox's own banner for a gadget's messages, at the address of the one of Finesse 11.5.

(() => {
  const findBanner = () =>
    /** @type {HTMLElement | null} */ (document.querySelector("#banner, .banner, [id*=anner]"));

  /** @param {string} text */
  function show(text) {
    const banner = findBanner();
    if (!banner) {
      console.log(text);
      return;
    }
    banner.textContent = text;
    banner.hidden = false;
    banner.style.display = "";
  }

  /** @param {any} error a response of Finesse, or a JavaScript error */
  function describe(error) {
    const apiError = [error?.object?.ApiErrors?.ApiError].flat()[0];
    if (apiError) return `${apiError.ErrorType}: ${apiError.ErrorMessage}`;
    return String(error?.message ?? error);
  }

  window.finesse.utilities.MessageDisplay = {
    init() {},
    showBanner: show,
    showBannerInfo: show,
    showBannerError: (/** @type {any} */ error) => show(describe(error)),
    hideBanner() {
      const banner = findBanner();
      if (banner) banner.style.display = "none";
    },
  };
})();
