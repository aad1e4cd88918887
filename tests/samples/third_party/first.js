// A gadget by a third party: it uses the documented names of the library and records what happens.
var thirdParty = {
  recorded: {},
  record: function (event, value) {
    var values = (thirdParty.recorded[event] = thirdParty.recorded[event] || []);
    values.push(value === undefined ? true : value);
  },
};
