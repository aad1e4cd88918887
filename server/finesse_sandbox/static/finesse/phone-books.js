// finesse.restservices: PhoneBook and its Contacts.

(() => {
  const { finesse } = window;
  const { API, NamedItem, RestItem, listClass, request } = finesse.internal;

  /** Create, change or delete an item; for an administrator.
   * @param {string} method @param {any} item @param {string} path @param {any} fields
   * @param {any} handlers */
  function change(method, item, path, fields, handlers) {
    const content = fields && { [item.getRestType()]: fields };
    request(path, handlers ?? {}, { method, content });
    return item;
  }

  class Contact extends RestItem {
    /** @param {any} options */
    constructor(options) {
      super("Contact", options);
      this._list = options.parentObj?.getRestUrl() ?? this._path.replace(/\/Contact\/[^/]*$/, "");
    }
    getFirstName() {
      return this._field("firstName");
    }
    getLastName() {
      return this._field("lastName");
    }
    getPhoneNumber() {
      return this._field("phoneNumber");
    }
    getDescription() {
      return this._field("description");
    }
    /** @param {any} fields @param {any} [handlers] */
    add(fields, handlers) {
      return change("POST", this, `${this._list}/Contact`, fields, handlers);
    }
    /** @param {any} fields @param {any} [handlers] */
    update(fields, handlers) {
      return change("PUT", this, this._path, fields, handlers);
    }
    /** @param {any} [handlers] */
    delete(handlers) {
      return change("DELETE", this, this._path, undefined, handlers);
    }
  }
  const Contacts = listClass("Contacts", "Contact", Contact);

  class PhoneBook extends NamedItem {
    /** @type {any} */
    #contacts = null;
    /** @param {any} options */
    constructor(options) {
      super("PhoneBook", options);
    }
    getType() {
      return this._field("type");
    }
    /** Return the contacts that came with the list of phone books. */
    getEmbeddedContacts() {
      return this._field("contacts", null) ?? this._field("Contacts", null);
    }
    /** Return the phone book's contacts, which are read at the first call.
     * @param {any} [handlers] */
    getContacts(handlers) {
      this.#contacts ??= new Contacts({ ...handlers, parentObj: this });
      return this.#contacts;
    }
    /** @param {any} fields @param {any} [handlers] */
    add(fields, handlers) {
      return change("POST", this, `${API}/PhoneBook`, fields, handlers);
    }
    /** @param {any} fields @param {any} [handlers] */
    update(fields, handlers) {
      return change("PUT", this, this._path, fields, handlers);
    }
    /** @param {any} [handlers] */
    delete(handlers) {
      return change("DELETE", this, this._path, undefined, handlers);
    }
  }

  Object.assign(finesse.restservices, {
    PhoneBook,
    PhoneBooks: listClass("PhoneBooks", "PhoneBook", PhoneBook),
    Contact,
    Contacts,
  });
})();
