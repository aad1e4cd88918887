// The base class of the bundle's elements: registered by the page that uses them, cleaned up when
// they leave it.

export class CallcardElement extends HTMLElement {
  /** The element's tag; each subclass sets its own. */
  static tag = "";

  /** Register the element under its tag, once. */
  static define() {
    if (!customElements.get(this.tag)) customElements.define(this.tag, this);
  }

  #connection = new AbortController();

  /** Aborts when the element leaves the page: pass it to listeners, intervals and requests. */
  get signal() {
    return this.#connection.signal;
  }

  connectedCallback() {
    if (this.signal.aborted) this.#connection = new AbortController();
    if (!this.firstChild) this.build();
  }

  disconnectedCallback() {
    this.#connection.abort();
  }

  /** Append the element's fixed children; called once, when it is first connected. */
  build() {}
}
