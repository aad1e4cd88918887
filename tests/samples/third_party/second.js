thirdParty.start = function () {
  var config = finesse.gadget.Config;
  var services = finesse.containerservices.ContainerServices;
  finesse.clientservices.ClientServices.init(config, false);
  var authorization = finesse.utilities.Utilities.getAuthHeaderString(config);
  thirdParty.record("authorization", authorization.slice(0, 6));
  thirdParty.prefs = new gadgets.Prefs();
  thirdParty.record("colour", thirdParty.prefs.getString("colour"));
  thirdParty.container = services.init();
  services.addHandler(services.Topics.ACTIVE_TAB, function () {
    thirdParty.record("tab");
  });
  services.addHandler(services.Topics.TIMER_TICK_EVENT, function () {
    thirdParty.record("tick");
  });
  services.addHandler(services.Topics.WORKFLOW_ACTION_EVENT, function (event) {
    var url = event.getParams().path.expandedValue;
    thirdParty.record("workflow", [event.getName(), event.getHandledBy(), url]);
  });
  services.addHandler(services.Topics.GADGET_VIEW_CHANGED_EVENT, function (event) {
    thirdParty.record("view", event.getView());
  });
  gadgets.Hub.subscribe("thirdParty.talk", function (topic, message) {
    thirdParty.record("talk", message);
  });
  gadgets.Hub.subscribe("thirdParty.fail", function () {
    throw new Error("on purpose");
  });
  thirdParty.user = new finesse.restservices.User({
    id: config.id,
    onLoad: function (user) {
      thirdParty.record("user", user.getFirstName() + " " + user.getLastName());
      thirdParty.dialogs = user.getDialogs({
        onCollectionAdd: function (dialog) {
          thirdParty.record("added", dialog.getMediaProperties().callVariable1 || "");
        },
        onCollectionDelete: function () {
          thirdParty.record("deleted");
        },
      });
    },
    onChange: function (user) {
      thirdParty.record("state", user.getState());
    },
  });
};
thirdParty.call = function () {
  var collection = thirdParty.dialogs.getCollection();
  return collection[Object.keys(collection)[0]];
};
