// finesse.utilities: DesktopCache, data that a gadget finds again after a reload (12.0), and
// JsonValidator.

(() => {
  const { finesse } = window;

  /** @typedef {(error: any, data?: any) => void} Callback */

  let group = "";
  /** @param {string} key */
  const storageKey = (key) => `finesse cache ${group} ${key}`;
  /** @param {string} key @returns {{key: string, data: any} | null} */
  const read = (key) => JSON.parse(localStorage.getItem(storageKey(key)) ?? "null");

  function readAll() {
    const prefix = storageKey("");
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    return keys.map((key) => /** @type {any} */ (read(key.slice(prefix.length))));
  }

  /** Run a request of the cache; its callback gets the result later, as from a database.
   * @param {() => any} request @param {Callback | undefined} callback */
  function run(request, callback) {
    /** @type {any} */
    let error = null;
    /** @type {any} */
    let result;
    try {
      result = request();
    } catch (exception) {
      error = exception;
    }
    setTimeout(() => callback?.(error, result));
  }

  const DesktopCache = {
    init: () => DesktopCache,
    /** Keep the records apart from those of other gadgets. @param {string} name */
    setGroup(name) {
      group = name;
    },
    /** @param {{key: string, data: any}[]} records @param {Callback} [callback] */
    saveOrUpdateData(records, callback) {
      run(() => {
        for (const { key, data } of records)
          localStorage.setItem(storageKey(key), JSON.stringify({ key, data }));
        return records;
      }, callback);
    },
    /** Hand over the record of a key, or all records for null.
     * @param {string | null} key @param {Callback} callback */
    fetchData(key, callback) {
      run(() => (key === null ? readAll() : read(key)), callback);
    },
    /** @param {string} key @param {Callback} [callback] */
    deleteData(key, callback) {
      run(() => localStorage.removeItem(storageKey(key)), callback);
    },
    /** @param {Callback} [callback] */
    clearData(callback) {
      run(() => {
        for (const { key } of readAll()) localStorage.removeItem(storageKey(key));
      }, callback);
    },
  };

  /** @param {any} value */
  function typeName(value) {
    if (Array.isArray(value)) return "array";
    if (Number.isInteger(value)) return "integer";
    return value === null ? "null" : typeof value;
  }

  /** Return the first difference between a value and a JSON schema, or null. It knows the keywords
   * of the schemas that gadgets use: type, enum, required, properties, items and lengths.
   * @param {any} value @param {any} schema @param {string} path @returns {any} */
  function findError(value, schema, path) {
    const error = (/** @type {string} */ message) => ({ message, dataPath: path });
    const types = [schema.type ?? []].flat();
    const name = typeName(value);
    const isNumber = name === "integer" && types.includes("number");
    if (types.length && !types.includes(name) && !isNumber)
      return error(`Invalid type: ${name} (expected ${types.join("/")})`);
    if (schema.enum && !schema.enum.includes(value)) return error(`No enum match for: ${value}`);
    if (name === "string" && value.length > (schema.maxLength ?? Infinity))
      return error(`String is too long (${value.length} chars), maximum ${schema.maxLength}`);
    if (name === "string" && value.length < (schema.minLength ?? 0))
      return error(`String is too short (${value.length} chars), minimum ${schema.minLength}`);
    if (name === "array") {
      if (value.length > (schema.maxItems ?? Infinity))
        return error(`Array is too long (${value.length}), maximum ${schema.maxItems}`);
      for (const [index, item] of schema.items ? value.entries() : []) {
        const found = findError(item, schema.items, `${path}/${index}`);
        if (found) return found;
      }
    }
    if (name === "object") {
      for (const key of schema.required ?? [])
        if (!(key in value)) return error(`Missing required property: ${key}`);
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        const found = key in value && findError(value[key], property, `${path}/${key}`);
        if (found) return found;
      }
    }
    return null;
  }

  const JsonValidator = {
    /** @param {any} data @param {any} schema */
    validateJson(data, schema) {
      const error = findError(data, schema ?? {}, "");
      return { valid: !error, error };
    },
  };

  Object.assign(finesse.utilities, { DesktopCache, JsonValidator });
})();
