// finesse.restservices: PhoneBook and its Contacts.

(() => {
  const { finesse } = window;
  const { Utilities } = finesse.utilities;
  const { RestCollection, RestItem } = finesse.internal;

  class Contact extends RestItem {
    /** @param {any} data */
    constructor(data) {
      super("Contact", data);
    }
    getFirstName() {
      return this._data.firstName ?? "";
    }
    getLastName() {
      return this._data.lastName ?? "";
    }
    getPhoneNumber() {
      return this._data.phoneNumber ?? "";
    }
    getDescription() {
      return this._data.description ?? "";
    }
  }

  class PhoneBook extends RestItem {
    /** @param {any} data */
    constructor(data) {
      super("PhoneBook", data);
    }
    getEmbeddedContacts() {
      return this._data.contacts ?? this._data.Contacts ?? null;
    }
    getContacts() {
      /** @type {Record<string, any>} */
      const contacts = {};
      for (const data of Utilities.getArray(this.getEmbeddedContacts()?.Contact)) {
        const contact = new Contact(data);
        contacts[contact.getId()] = contact;
      }
      return { getCollection: () => contacts };
    }
  }

  Object.assign(finesse.restservices, {
    PhoneBook,
    PhoneBooks: RestCollection,
    Contact,
    Contacts: RestCollection,
  });
})();
