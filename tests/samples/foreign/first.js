// A gadget that somebody else could have written: it uses the library's names and writes down what it hears.
var foreign = {
  heard: {},
  note: function (what, value) {
    (foreign.heard[what] = foreign.heard[what] || []).push(value === undefined ? true : value);
  },
};
