foreign.begin = function () {
  var config = finesse.gadget.Config;
  var services = finesse.containerservices.ContainerServices;
  finesse.clientservices.ClientServices.init(config, false);
  foreign.note("authorization", finesse.utilities.Utilities.getAuthHeaderString(config).slice(0, 6));
  foreign.prefs = new gadgets.Prefs();
  foreign.note("colour", foreign.prefs.getString("colour"));
  foreign.container = services.init();
  services.addHandler(services.Topics.ACTIVE_TAB, function () {
    foreign.note("tab");
  });
  services.addHandler(services.Topics.TIMER_TICK_EVENT, function () {
    foreign.note("tick");
  });
  services.addHandler(services.Topics.WORKFLOW_ACTION_EVENT, function (event) {
    foreign.note("workflow", [event.getName(), event.getHandledBy(), event.getParams().path.expandedValue]);
  });
  services.addHandler(services.Topics.GADGET_VIEW_CHANGED_EVENT, function (event) {
    foreign.note("view", event.getView());
  });
  gadgets.Hub.subscribe("foreign.talk", function (topic, message) {
    foreign.note("talk", message);
  });
  gadgets.Hub.subscribe("foreign.fails", function () {
    throw new Error("on purpose");
  });
  foreign.user = new finesse.restservices.User({
    id: config.id,
    onLoad: function (user) {
      foreign.note("user", user.getFirstName() + " " + user.getLastName());
      foreign.dialogs = user.getDialogs({
        onCollectionAdd: function (dialog) {
          foreign.note("added", dialog.getMediaProperties().callVariable1 || "");
        },
        onCollectionDelete: function () {
          foreign.note("deleted");
        },
      });
    },
    onChange: function (user) {
      foreign.note("state", user.getState());
    },
  });
};
foreign.call = function () {
  var collection = foreign.dialogs.getCollection();
  return collection[Object.keys(collection)[0]];
};
