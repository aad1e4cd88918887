// finesse.restservices, its base classes: an object that follows its state on the server, a
// collection of objects, an item of a collection, and a document that is read once.

(() => {
  const { finesse } = window;
  const { ClientServices } = finesse.clientservices;
  const { Utilities } = finesse.utilities;
  const { internal } = finesse;

  /** Return what an event holds under `name`, which may begin with a capital letter or not.
   * @param {any} data @param {string} name */
  const member = (data, name) => data?.[name] ?? data?.[name[0].toLowerCase() + name.slice(1)];

  class RestBase {
    /** @type {any} */
    _data = null;
    _changedWhileLoading = false;
    /** @type {Record<string, ((object: any) => void)[]>} */
    _handlers = { load: [], change: [], add: [], delete: [], error: [] };

    /** @param {string} type @param {string} path @param {any} options */
    constructor(type, path, options) {
      this._type = type;
      this._path = path;
      const given = {
        load: options.onLoad,
        change: options.onChange,
        add: options.onAdd,
        delete: options.onDelete,
        error: options.onError,
      };
      for (const [name, handler] of Object.entries(given)) {
        if (handler) this._handlers[name].push(handler);
      }
    }
    get topic() {
      return this._path.slice(1).replaceAll("/", ".");
    }
    /** Subscribe before reading, so that no event is missed between the two. */
    _follow() {
      internal.followed.add(this);
      ClientServices.subscribe(this.topic, (/** @type {any} */ message) => {
        this._changedWhileLoading = true;
        this._onUpdate(message.object?.Update);
      });
      this.refresh();
    }
    refresh() {
      this._changedWhileLoading = false;
      ClientServices.makeRequest(this._path, {
        success: (/** @type {any} */ response) => {
          // The event may be newer than the response, so read again.
          if (this._changedWhileLoading) this.refresh();
          else this._setData(response.object[this._type]);
        },
        error: (/** @type {any} */ response) => this._fire("error", response),
      });
    }
    /** @param {any} update */
    _onUpdate(update) {
      const data = member(update?.data, this._type);
      if (data && update.event?.toUpperCase() === "PUT") this._setData(data);
    }
    /** @param {any} data */
    _setData(data) {
      const isFirst = this._data === null;
      this._data = data ?? {};
      this._fire(isFirst ? "load" : "change", this);
    }
    /** @param {string} name @param {any} argument */
    _fire(name, argument) {
      for (const handler of [...this._handlers[name]]) {
        try {
          handler(argument);
        } catch (error) {
          console.error(`a gadget's ${name} handler failed`, error);
        }
      }
    }
    /** @param {string} name @param {(object: any) => void} handler @param {unknown} [scope] */
    addHandler(name, handler, scope) {
      const bound = scope ? handler.bind(scope) : handler;
      this._handlers[name].push(bound);
      if (name === "load" && this._data !== null) bound(this);
    }
    /** @param {string} name @param {(object: any) => void} handler */
    removeHandler(name, handler) {
      this._handlers[name] = this._handlers[name].filter((known) => known !== handler);
    }
    getData() {
      return this._data;
    }
    /** @param {string} name */
    getProperty(name) {
      return this._data?.[name] ?? null;
    }
    getId() {
      return this._path.split("/").pop();
    }
    getRestUrl() {
      return this._path;
    }
    getTypes() {
      return [this._type];
    }
  }

  /** A document that is read once and followed no further. */
  class RestDocument extends RestBase {
    /** @param {string} type @param {string} path @param {any} options */
    constructor(type, path, options) {
      super(type, path, options ?? {});
      this.refresh();
    }
  }

  /** An item of a collection, which came with the collection's own response. */
  class RestItem extends RestBase {
    /** @param {string} type @param {any} data */
    constructor(type, data) {
      super(type, data.uri ?? "", {});
      this._data = data;
    }
    getLabel() {
      return this._data.label ?? "";
    }
    getName() {
      return this._data.name ?? "";
    }
    getUri() {
      return this._data.uri ?? "";
    }
    getCode() {
      return this._data.code ?? "";
    }
    getForAll() {
      return this._data.forAll ?? "";
    }
    getType() {
      return this._data.type ?? "";
    }
  }

  class RestCollection extends RestBase {
    /** @type {Record<string, any>} */
    _collection = {};
    /**
     * @param {string} type @param {string} path @param {any} options
     * @param {string} itemType the items' element
     * @param {(data: any) => any} [createItem]
     * @param {string} [node] of the notification service, if it reports changes of the items
     */
    constructor(type, path, options, itemType, createItem, node = "") {
      super(type, path, options ?? {});
      this._itemType = itemType;
      this._createItem = createItem ?? ((data) => new RestItem(itemType, data));
      this._onAdd = options?.onCollectionAdd;
      this._onDelete = options?.onCollectionDelete;
      if (node) {
        ClientServices.subscribeNode(node, () => {});
        ClientServices.subscribe(node.slice(1).replaceAll("/", "."), (/** @type {any} */ message) =>
          this._onUpdate(message.object?.Update),
        );
      }
      this.refresh();
    }
    getCollection() {
      return this._collection;
    }
    /** @param {any} data */
    _setData(data) {
      const container = data?.users ?? data;
      for (const item of Utilities.getArray(container?.[this._itemType])) this._put(item, false);
      super._setData(data);
    }
    /** @param {any} data @param {boolean} notify */
    _put(data, notify) {
      const uri = String(data.uri ?? data.id ?? data.name ?? "").replace(/\/$/, "");
      const id = uri.split("/").pop() ?? "";
      const known = this._collection[id];
      if (known) {
        known._setData(data);
        return;
      }
      const item = this._createItem(data);
      item._data = data;
      this._collection[id] = item;
      if (notify) this._onAdd?.(item);
    }
    /** @param {any} update */
    _onUpdate(update) {
      const data = member(update?.data, this._itemType);
      if (!data) return;
      if (update.event?.toUpperCase() === "DELETE") {
        const id = Utilities.getId(data.uri);
        this._onDelete?.(this._collection[id]);
        delete this._collection[id];
      } else {
        this._put(data, true);
      }
      this._fire("change", this);
    }
  }

  Object.assign(finesse.restservices, { RestBase, RestCollectionBase: RestCollection });
  Object.assign(internal, { RestCollection, RestDocument, RestItem, member });
})();
