// finesse.restservices, its base classes: an object that follows its state on the server, a
// collection of objects, and a document that is read once.

(() => {
  const { finesse } = window;
  const { ClientServices, Topics } = finesse.clientservices;
  const { Utilities } = finesse.utilities;
  const { internal } = finesse;
  const { API, reportRefusal, request } = internal;

  const RETRY_MS = 10_000;

  /** Return what an event holds under `name`, which may begin with a capital letter or not.
   * @param {any} data @param {string} name */
  const member = (data, name) => data?.[name] ?? data?.[name[0].toLowerCase() + name.slice(1)];

  /** Return the options of a constructor. Older gadgets call it with (id, callbacks).
   * @param {any} options @param {any} [callbacks] */
  const toOptions = (options, callbacks) =>
    typeof options === "object" && options !== null ? options : { ...callbacks, id: options };

  /** The handlers of one kind of event. */
  class Notifier {
    /** @type {{callback: (object: any) => void, scope: any}[]} */
    #listeners = [];
    /** Add a function, once. @param {(object: any) => void} callback @param {any} [scope] */
    addListener(callback, scope) {
      if (!this.#listeners.some((listener) => listener.callback === callback))
        this.#listeners.push({ callback, scope });
    }
    /** Remove a function; return whether it was there. @param {(object: any) => void} callback */
    removeListener(callback) {
      const before = this.#listeners.length;
      this.#listeners = this.#listeners.filter((listener) => listener.callback !== callback);
      return this.#listeners.length < before;
    }
    /** @param {any} object */
    notifyListeners(object) {
      for (const { callback, scope } of [...this.#listeners]) {
        try {
          callback.call(scope, object);
        } catch (error) {
          console.error("a gadget's handler failed", error);
        }
      }
    }
    getListeners() {
      return this.#listeners.map(({ callback }) => callback);
    }
    reset() {
      this.#listeners = [];
    }
  }

  class RestBase {
    /** @type {any} */
    _data = {};
    _loaded = false;
    _changedWhileLoading = false;
    /** The HTTP status of the last answer. */
    restResponseStatus = 0;

    /**
     * Subclasses end their constructors with `_start`, once their own fields are set.
     * @param {string} type the object's element
     * @param {any} options {id, parentObj, data, onLoad, onChange, onAdd, onDelete, onError}
     */
    constructor(type, options) {
      this._type = type;
      this._id = options.id;
      /** @type {Record<string, Notifier>} */
      this._notifiers = {};
      const handlers = {
        load: options.onLoad,
        change: options.onChange,
        add: options.onAdd,
        delete: options.onDelete,
        error: options.onError,
      };
      for (const [name, handler] of Object.entries(handlers)) this._addNotifier(name, handler);
      const parent = options.parentObj?.getRestUrl() ?? API;
      this._path = `${parent}/${type}${options.id ? `/${options.id}` : ""}`;
      /** The node to subscribe to, if Finesse does not report the object unasked. */
      this._node = "";
      /** What is read: usually the object itself. */
      this._source = this._path;
    }

    /** Subscribe, so that no event is missed, and then read.
     * @param {any} options @param {{follows?: boolean}} [how] */
    _start(options, { follows = true } = {}) {
      if (follows && !options.doNotSubscribe) this.subscribe();
      if (options.data) this._setData(options.data);
      else if (this._canRead()) this.refresh();
    }
    _canRead() {
      if (this._id === undefined || typeof this._id === "string") return true;
      console.error(`finesse.restservices.${this._type}: the id must be a string`, this._id);
      return false;
    }

    // ---- handlers
    /** @param {string} name @param {any} handler */
    _addNotifier(name, handler) {
      this._notifiers[name] = new Notifier();
      if (handler) this.addHandler(name, handler);
    }
    /** @param {string} name @param {any} argument */
    _fire(name, argument) {
      this._notifiers[name].notifyListeners(argument);
    }
    /** @param {string} name @param {(object: any) => void} handler @param {unknown} [scope] */
    addHandler(name, handler, scope) {
      const notifier = this._notifiers[name];
      if (!notifier || typeof handler !== "function") {
        console.error(`addHandler: ${name} is no event of ${this._type}, or no function is given`);
        return;
      }
      notifier.addListener(handler, scope);
      if (name === "load" && this._loaded) handler.call(scope, this);
    }
    /** Remove a handler, or all of an event.
     * @param {string} name @param {(object: any) => void} [handler] */
    removeHandler(name, handler) {
      if (handler) this._notifiers[name]?.removeListener(handler);
      else this._notifiers[name]?.reset();
    }

    // ---- requests and events
    /** @param {{success?: () => void, error?: (error: any) => void}} [callbacks] */
    subscribe(callbacks) {
      const onEvent = (/** @type {any} */ message) => this._onEvent(message);
      const subscribed = ClientServices.subscribe(
        Topics.getTopic(this._node || this._path),
        onEvent,
      );
      if (subscribed) ClientServices.addToRefreshList(this);
      if (this._node) {
        ClientServices.subscribeNode(
          this._node,
          (/** @type {any} */ _id, /** @type {any} */ error) => {
            if (error) (callbacks?.error ?? console.error)(error);
            else callbacks?.success?.();
          },
        );
      } else if (subscribed) {
        callbacks?.success?.();
      }
      return this;
    }
    /** @param {{success?: () => void, error?: (error: any) => void}} [callbacks] */
    unsubscribe(callbacks) {
      ClientServices.removeFromRefreshList(this);
      ClientServices.unsubscribe(Topics.getTopic(this._node || this._path));
      if (this._node) ClientServices.unsubscribeNode(this._node, "");
      callbacks?.success?.();
      return this;
    }
    /** Send a request; GET unless `options.method` says another. @param {string} path
     * @param {{method?: string, content?: any, success?: Function, error?: Function}} options */
    restRequest(path, options) {
      request(path, /** @type {any} */ (options), options);
      return this;
    }
    /** Read the object again. @param {number} [retries] after errors */
    refresh(retries = 0) {
      this._changedWhileLoading = false;
      return this.restRequest(this._source, {
        success: (/** @type {any} */ response) => {
          this.restResponseStatus = response.status;
          // The event may be newer than the response, so read again.
          if (this._changedWhileLoading) this.refresh(retries);
          else this._setData(this._dataIn(response.object));
        },
        error: (/** @type {any} */ response) => {
          this.restResponseStatus = response.status;
          if (retries > 0) setTimeout(() => this.refresh(retries - 1), RETRY_MS);
          else this._fire("error", response);
        },
      });
    }
    /** Return the object's data in an answer. @param {any} answer */
    _dataIn(answer) {
      return answer[this._type];
    }
    /** @param {any} message */
    _onEvent(message) {
      if (reportRefusal(message)) return;
      this._changedWhileLoading = true;
      this._onUpdate(message.object?.Update);
    }
    /** @param {any} update */
    _onUpdate(update) {
      const data = member(update?.data, this._type);
      if (data && update.event?.toUpperCase() === "PUT") this._setData(data);
    }
    /** @param {any} data */
    _setData(data) {
      const isFirst = !this._loaded;
      this._data = data ?? {};
      this._loaded = true;
      this._fire(isFirst ? "load" : "change", this);
    }
    /** Change the object on the server. @param {Record<string, any>} fields @param {any} handlers */
    _put(fields, handlers) {
      return this.restRequest(this._path, {
        ...handlers,
        method: "PUT",
        content: { [this._type]: fields },
      });
    }

    // ---- data
    isLoaded() {
      if (!this._loaded) throw new Error(`Cannot operate on ${this._type}, it is not loaded yet`);
      return this;
    }
    getData() {
      return this._data;
    }
    /** Return a field of the loaded object. @param {string} name @param {any} [otherwise] */
    _field(name, otherwise = "") {
      this.isLoaded();
      return this._data[name] ?? otherwise;
    }
    /** @param {any} object @param {string} name */
    getProperty(object, name) {
      return object?.[name] ?? null;
    }
    /** @param {any} object @param {string} name */
    hasProperty(object, name) {
      return Boolean(object) && Object.hasOwn(object, name);
    }
    getId() {
      return this._id || Utilities.getId(this._path);
    }
    getRestUrl() {
      return this._path;
    }
    getRestType() {
      return this._type;
    }
  }

  /** A document, which is read and followed no further; `get` reads it again. */
  class RestDocument extends RestBase {
    /** @param {string} type @param {any} options @param {any} [callbacks] */
    constructor(type, options, callbacks) {
      const given = toOptions(options, callbacks);
      super(type, given);
      this._start(given, { follows: false });
    }
    get() {
      return this.refresh();
    }
  }

  /** An item of a collection, which came with the collection's own answer. */
  class RestItem extends RestBase {
    /** @param {string} type @param {any} options */
    constructor(type, options) {
      super(type, options);
      this._path = options.data?.uri ?? this._path;
      this._source = this._path;
      this._start(options, { follows: false });
    }
    getUri() {
      return this._field("uri");
    }
  }

  class RestCollectionBase extends RestBase {
    /** @type {Record<string, any>} */
    _collection = {};
    length = 0;
    /** Subclasses end their constructors with `_start`.
     * @param {string} type @param {any} options
     * @param {string} itemType the items' element
     * @param {new (options: any) => any} Item */
    constructor(type, options, itemType, Item) {
      super(type, options);
      this._itemType = itemType;
      this._Item = Item;
      this._addNotifier("collectionAdd", options.onCollectionAdd);
      this._addNotifier("collectionDelete", options.onCollectionDelete);
    }
    getCollection() {
      return this._collection;
    }
    /** Read the collection again. */
    get() {
      return this.refresh();
    }
    /** Return the items' data in an answer or an event. @param {any} data @returns {any[]} */
    _itemsIn(data) {
      return Utilities.getArray(data?.[this._itemType]);
    }
    /** @param {any} data of an item */
    _idOf(data) {
      return Utilities.getId(String(data.uri ?? data.id ?? data.name ?? ""));
    }
    /** @param {any} data */
    _setData(data) {
      const isFirst = !this._loaded;
      const items = this._itemsIn(data);
      const ids = new Set(items.map((item) => this._idOf(item)));
      for (const id of Object.keys(this._collection)) if (!ids.has(id)) this._removeItem(id);
      for (const item of items) this._putItem(item, !isFirst);
      super._setData(data);
    }
    /** @param {any} data @param {boolean} notify */
    _putItem(data, notify) {
      const id = this._idOf(data);
      const known = this._collection[id];
      if (known) {
        known._setData(data);
        return;
      }
      const item = this._createItem(id, data);
      this._collection[id] = item;
      this.length += 1;
      if (notify) this._fire("collectionAdd", item);
    }
    /** @param {string} id @param {any} data */
    _createItem(id, data) {
      return new this._Item({ id, data, doNotSubscribe: true });
    }
    /** @param {string} id @param {any} [data] the last of the item */
    _removeItem(id, data) {
      const item = this._collection[id];
      if (!item) return;
      if (data) item._data = data;
      delete this._collection[id];
      this.length -= 1;
      item._fire("delete", item);
      this._fire("collectionDelete", item);
    }
    /** @param {any} update */
    _onUpdate(update) {
      const items = [
        ...Utilities.getArray(member(update?.data, this._itemType)),
        ...this._itemsIn(member(update?.data, this._type)),
      ];
      const isDelete = update?.event?.toUpperCase() === "DELETE";
      for (const item of items) {
        if (isDelete) this._removeItem(this._idOf(item), item);
        else this._putItem(item, true);
      }
    }
  }

  /** Return a class for a collection that is read and followed no further.
   * @param {string} type @param {string} itemType @param {new (options: any) => any} Item
   * @param {string} [query] of the request */
  const listClass = (type, itemType, Item, query = "") =>
    class RestList extends RestCollectionBase {
      /** @param {any} [options] @param {any} [callbacks] */
      constructor(options, callbacks) {
        const given = toOptions(options, callbacks);
        super(type, given, itemType, Item);
        this._source = this._path + query;
        this._start(given, { follows: false });
      }
      /** Replace the list; for an administrator. @param {any} content @param {any} [handlers] */
      update(content, handlers) {
        return this._put(content, handlers);
      }
    };

  Object.assign(finesse.restservices, { Notifier, RestBase, RestCollectionBase });
  Object.assign(internal, { RestDocument, RestItem, listClass, member, toOptions });
})();
