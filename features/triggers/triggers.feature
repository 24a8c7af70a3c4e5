Feature: A phone that provisions again

  @FIP-TRIG-001 @must @grade-A @needs-publish @each-protocol
  Scenario: An interval pass sees what has changed since the one before
    Guide, "Repeatedly": "The IP phone performs the auto provisioning at regular intervals."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-old  |
    And the phone is living, and provisions every 100 ms
    And it has lived through 4 passes
    When the server publishes instead
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-new  |
    And its next interval pass is over
    Then it holds "lang.gui" as "<canary>-new" and not as "<canary>-old"

  @FIP-TRIG-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone is served at its fiftieth pass as at its first
    Guide, "Repeatedly": "The default interval is 3600 seconds."
    Fifty passes are two days.
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    When the phone provisions 50 times
    Then no pass went otherwise than the first

  @FIP-TRIG-003 @must @grade-A @needs-publish @each-protocol
  Scenario: A setting that needs a reboot makes the phone reboot once, and not at every pass
    Guide, "Resolving and Updating Configurations": "the IP phone will reboot to make the configurations effective after auto provisioning is completed."
    Given the server publishes
      | file       | content                                                    |
      | <mac>.boot | include:config <a.cfg>                                     |
      | a.cfg      | static.network.vlan.internet_port_vid=17\nlang.gui=<canary> |
    And the phone is living, and provisions every 150 ms
    When it lives through 5 passes
    Then it rebooted once

  @FIP-TRIG-004 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone that is given another URL is provisioned from there
    Guide, "Save & Apply": "The IP phone performs the auto provisioning when you click Save & Apply on the provision page."
    Given the server publishes
      | file             | content                |
      | first/<mac>.cfg  | lang.gui=<canary>-old  |
      | second/<mac>.cfg | lang.gui=<canary>-new  |
    And the phone has provisioned from "<base>first/"
    When "<base>second/" is typed into its Profile Rule, and Save & Apply clicked
    Then it holds "lang.gui" as "<canary>-new" and not as "<canary>-old"
