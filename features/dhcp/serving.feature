Feature: What option 66 names is what serves

  @FIP-DHCP-040 @must @grade-A @needs-dhcp @needs-root
  Scenario: The server that option 66 names has the phone's files
    Guide, "Downloading Boot, Configuration and Resource Files": "After obtaining the provisioning server address in one of the ways introduced above, the phone will request to download the boot files and configuration files from the provisioning server when it is triggered to perform auto provisioning."
    Given the server publishes at its root
      | file      | content           |
      | <mac>.cfg | lang.gui=<canary> |
    When the phone finds its server by DHCP
    Then it is provisioned from there

  @FIP-DHCP-041 @must @grade-A @needs-dhcp @needs-announce @needs-publish @each-protocol
  Scenario: A phone is provisioned from the folder that option 66 names
    Guide, "Downloading Boot, Configuration and Resource Files": "After obtaining the provisioning server address in one of the ways introduced above, the phone will request to download the boot files and configuration files from the provisioning server when it is triggered to perform auto provisioning."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    And the server tells the phone where they are
    When the phone finds its server by DHCP
    Then it is provisioned from there

  @FIP-DHCP-042 @must @grade-A @needs-dhcp @needs-announce @needs-publish
  Scenario: Of two phones that ask at once each is told its own URL
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    Given two phones, each with a folder of its own
    When both find their server by DHCP at once
    Then each of them is provisioned from its own folder

  @FIP-DHCP-043 @must @grade-A @needs-dhcp @needs-announce @needs-publish
  Scenario: A URL that has changed is told at the next power-on
    Guide, "Power On": "The IP phone performs the auto provisioning when the IP phone is powered on."
    Given the server publishes
      | file          | content               |
      | old/<mac>.cfg | lang.gui=<canary>-old |
      | new/<mac>.cfg | lang.gui=<canary>     |
    And the server tells the phone "<base>old/" from now on
    And the phone finds its server by DHCP
    When the server tells the phone "<base>new/" from now on
    And the phone is powered on again
    Then it is provisioned from there

  @FIP-DHCP-044 @must @grade-B @needs-dhcp @needs-announce
  Scenario: A long URL is told whole
    RFC 2132 §9.4: the option's length is one octet, so that a name may have 255
    Given the server tells a phone a URL of 200 bytes
    When that phone asks for an address
    Then it is told that URL

  @FIP-DHCP-045 @must @grade-A @needs-dhcp @needs-phones
  Scenario: The server's own phones that find it by option 66 end as expected
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    Given phones that the server knows
    When each of them finds its server by DHCP
    Then each of them ends as expected
    And each of them holds what is expected of it
