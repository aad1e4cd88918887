// Fakes for node tests: storage, dialogs, and a service that a test can take down.

export class FakeStorage {
  constructor() {
    const hidden = (name, value) => Object.defineProperty(this, name, { value });
    hidden("getItem", (key) => this[key] ?? null);
    hidden("setItem", (key, value) => {
      this[key] = value;
    });
    hidden("removeItem", (key) => delete this[key]);
  }
}

/** Return a dialog of agent 1001 in a state. */
export const dialog = (state, since = "2026-01-01T10:00:00.000Z", more = {}, actions = []) => ({
  id: "1",
  fromAddress: "+1",
  toAddress: "1001",
  participants: {
    Participant: [
      {
        mediaAddress: "1001",
        mediaAddressType: "AGENT_DEVICE",
        state,
        stateChangeTime: since,
        startTime: "2026-01-01T10:00:00.000Z",
        actions: { action: actions },
      },
    ],
  },
  ...more,
});

/** Let pending promises settle. */
export const settle = async () => {
  for (let turn = 0; turn < 30; turn += 1) await null;
};

export const contact = (id) => ({
  source: "local",
  id,
  name: `Contact ${id}`,
  company: "",
  email: "",
  url: "",
  flags: [],
  warnings: [],
  numbers: [],
  interactions: [],
  cases: [],
});

export const interaction = (more = {}) => ({
  id: "i1",
  status: "open",
  notes: [],
  wrap_up_reasons: [],
  wrap_up_required: false,
  finished: false,
  notes_until: "",
  customer_left: false,
  ...more,
});

/** The service as the model uses it. */
export class FakeApi {
  isUp = true;
  status = 503;
  reports = [];
  changes = [];
  #notes = "";
  answer = {
    interaction: interaction(),
    never_logged: false,
    verified: true,
    number: "+1",
    lookup: null,
  };

  report = async (report, lookup) => {
    await null;
    this.#check();
    this.reports.push({ ...report, lookup });
    return this.answer;
  };

  /** What `interaction()` returns. */
  stored = interaction();
  /** Contacts of `lookUp()`. */
  found = [];

  interaction = async () => {
    await null;
    this.#check();
    return this.stored;
  };

  lookUp = async () => {
    await null;
    this.#check();
    return {
      number: { kind: "public", display: "+1 (display)" },
      matches: this.found,
      sources: {},
    };
  };

  contact = async (source, id) => ({ ...contact(id), source });

  updateInteraction = async (id, change) => {
    await null;
    this.#check();
    this.changes.push({ id, ...change });
    this.#notes = change.notes ?? this.#notes;
    const notes = [{ agent: "1001", name: "", text: this.#notes, wrap_up_reasons: [] }];
    return interaction({ notes, wrap_up_reasons: change.wrap_up_reasons ?? [] });
  };

  #check() {
    if (!this.isUp) throw Object.assign(new Error("down"), { status: this.status });
  }
}
