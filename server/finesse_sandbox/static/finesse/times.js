// finesse.utilities.Utilities, its times: durations as texts, and the server's clock.

(() => {
  const { finesse } = window;
  const { Config } = finesse.gadget;
  const { Utilities } = finesse.utilities;

  const NO_TIME = "--:--";
  /** What the library returns for a time that does not apply. */
  const NOT_APPLICABLE = "-1";
  const SECOND_MS = 1000;
  const MINUTE_SECONDS = 60;
  const HOUR_SECONDS = 3600;

  /** @param {number} number */
  const twoDigits = (number) => Times.padWithWidth(Math.floor(number), 2);
  /** @param {number} seconds */
  const minutesAndSeconds = (seconds) =>
    `${twoDigits(seconds / MINUTE_SECONDS)}:${twoDigits(seconds % MINUTE_SECONDS)}`;
  /** @param {number} seconds */
  const hoursMinutesSeconds = (seconds) =>
    `${twoDigits(seconds / HOUR_SECONDS)}:${minutesAndSeconds(seconds % HOUR_SECONDS)}`;

  /** Return the milliseconds between two times, or null if there is nothing to show.
   * @param {number} now @param {number} start */
  const elapsed = (now, start) => (start && now > start ? now - start : null);

  const Times = {
    currentTimeMillis: () => Date.now(),
    /** Return how far the server's clock is ahead of this computer's, in milliseconds. */
    getCurrentDrift() {
      const stored = sessionStorage.getItem("clientTimestampDrift");
      return Number(stored ?? -Config.clientDriftInMillis) || 0;
    },
    currentServerTimeMillis: () => Times.convertToServerTimeMillis(Date.now()),
    /** @param {number} clientTime in milliseconds */
    convertToServerTimeMillis: (clientTime) => clientTime + Times.getCurrentDrift(),

    /** @param {number} number */
    pad: (number) => Times.padWithWidth(number, 2),
    /** @param {number} number @param {number} width */
    padWithWidth: (number, width) => String(number).padStart(width, "0"),

    /** Return a time in milliseconds, 0 for none. @param {string | null | undefined} text */
    extractTime: (text) => (text ? Date.parse(text) : 0),
    /** @param {string} text */
    parseDateStringISO8601(text) {
      const time = Date.parse(text);
      return Number.isNaN(time) ? null : new Date(time);
    },
    /** @param {Date} date */
    convertDateToISODateString: (date) => date.toISOString(),
    /** @param {Date} date */
    dateToISOString: (date) => date.toISOString(),

    /** Return the time since a timestamp as HH:MM:SS. @param {string | null | undefined} timestamp
     * @param {Date} [now] on this computer's clock */
    convertTsToDuration: (timestamp, now) =>
      Times.convertTsToDurationWithFormat(timestamp, false, now),
    /** As `convertTsToDuration`; `forFormat` gives "-1" for a time that is missing or to come.
     * @param {string | null | undefined} timestamp @param {boolean} forFormat @param {Date} [now] */
    convertTsToDurationWithFormat(timestamp, forFormat, now) {
      if (timestamp === "--" || timestamp === NOT_APPLICABLE) return NOT_APPLICABLE;
      const end = Times.convertToServerTimeMillis(now ? now.getTime() : Date.now());
      const seconds = Math.floor((end - Date.parse(timestamp ?? "")) / SECOND_MS);
      // The clocks may differ by a second although the drift is known.
      if (seconds === -1) return hoursMinutesSeconds(0);
      if (seconds >= 0) return hoursMinutesSeconds(seconds);
      return forFormat ? NOT_APPLICABLE : hoursMinutesSeconds(0);
    },
    /** @param {number | string} seconds */
    getDisplayTime: (seconds) =>
      hoursMinutesSeconds(seconds === NOT_APPLICABLE ? 0 : Number(seconds) || 0),
    /** @param {number | string} milliseconds */
    buildTimeString: (milliseconds) =>
      minutesAndSeconds(
        milliseconds === NOT_APPLICABLE ? 0 : (Number(milliseconds) || 0) / SECOND_MS,
      ),
    /** @param {number | string} milliseconds */
    buildTimeStringWithOptionalHours(milliseconds) {
      const seconds = (Number(milliseconds) || 0) / SECOND_MS;
      return seconds < HOUR_SECONDS
        ? Times.buildTimeString(milliseconds)
        : hoursMinutesSeconds(seconds);
    },
    /** @param {number} now @param {number} start both in milliseconds */
    buildElapsedTimeString(now, start) {
      const milliseconds = elapsed(now, start);
      return milliseconds === null ? NO_TIME : Times.buildTimeString(milliseconds);
    },
    /** @param {number} now @param {number} start both in milliseconds */
    buildElapsedTimeStringWithOptionalHours(now, start) {
      const milliseconds = elapsed(now, start);
      return milliseconds === null ? NO_TIME : Times.buildTimeStringWithOptionalHours(milliseconds);
    },
    /** @param {number} now @param {number} start */
    buildTotalTimeString: (now, start) => Times.buildElapsedTimeString(now, start),
    /** @param {number} now @param {number} start */
    buildHoldTimeString: (now, start) => Times.buildElapsedTimeString(now, start),
    /** @param {number} now @param {number} start */
    buildWrapupTimeString: (now, start) => Times.buildElapsedTimeString(now, start),
  };

  Object.assign(Utilities, Times);
})();
