Feature: What a NOTIFY names is what serves

  @FIP-PNP-050 @must @grade-A @needs-pnp @needs-root
  Scenario: The server that the NOTIFY names has the phone's files
    Guide, "Downloading Boot, Configuration and Resource Files": "After obtaining the provisioning server address in one of the ways introduced above, the phone will request to download the boot files and configuration files from the provisioning server when it is triggered to perform auto provisioning."
    Given the server publishes at its root
      | file      | content           |
      | <mac>.cfg | lang.gui=<canary> |
    When the phone finds its server by PnP
    Then it is provisioned from there

  @FIP-PNP-051 @must @grade-A @needs-pnp @needs-announce @needs-publish @each-protocol
  Scenario: A phone is provisioned from the folder that the NOTIFY names
    Guide, "Downloading Boot, Configuration and Resource Files": "After obtaining the provisioning server address in one of the ways introduced above, the phone will request to download the boot files and configuration files from the provisioning server when it is triggered to perform auto provisioning."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    And the server tells the phone where they are
    When the phone finds its server by PnP
    Then it is provisioned from there

  @FIP-PNP-052 @must @grade-A @needs-pnp @needs-announce @needs-publish
  Scenario: Of two phones that subscribe at once each is told its own URL
    Guide, "Plug and Play (PnP) Server": "Flyigvoice phones support obtaining the provisioning server address from the PnP server."
    Given two phones, each with a folder of its own
    When both find their server by PnP at once
    Then each of them is provisioned from its own folder

  @FIP-PNP-053 @must @grade-A @needs-pnp @needs-announce @needs-publish
  Scenario: A URL that has changed is told at the next power-on
    Guide, "Power On": "The IP phone performs the auto provisioning when the IP phone is powered on."
    Given the server publishes
      | file           | content               |
      | old/<mac>.cfg  | lang.gui=<canary>-old |
      | new/<mac>.cfg  | lang.gui=<canary>     |
    And the server tells the phone "<base>old/" from now on
    And the phone finds its server by PnP
    When the server tells the phone "<base>new/" from now on
    And the phone is powered on again
    Then it is provisioned from there

  @FIP-PNP-054 @must @grade-A @needs-pnp @needs-phones
  Scenario: The server's own phones that find it by PnP end as expected
    Guide, "Plug and Play (PnP) Server": "Flyigvoice phones support obtaining the provisioning server address from the PnP server."
    Given phones that the server knows
    When each of them finds its server by PnP
    Then each of them ends as expected
    And each of them holds what is expected of it
