Feature: Several phones at once

  @FIP-MANY-001 @must @grade-A @needs-publish @alone @each-protocol
  Scenario: Of 200 phones at once none is given what belongs to another
    Guide, "Editing MAC-Oriented CFG File": "The MAC-Oriented CFG file is only effective for the specific phone."
    Given 200 phones, each with a cfg file of its own and one for all
    When all of them provision at once
    Then none of them is given what belongs to another

  @FIP-MANY-002 @should @grade-C @needs-publish @needs-intrusive @alone @each-protocol
  Scenario: 200 phones at once are all served
    Guide, "Power On": "The IP phone performs the auto provisioning when the IP phone is powered on."
    After a power cut that is all phones at the same moment. A server that says that it is busy is asked again.
    Given 200 phones, each with a cfg file of its own and one for all
    When all of them provision at once
    Then each of them is given its files

  @FIP-MANY-003 @must @grade-A @needs-publish @alone @each-protocol
  Scenario: A file that 200 phones fetch at once comes whole to each of them
    Guide, "Editing Common CFG File": "The Common CFG file is effective for all phones."
    Given 200 phones, each with a cfg file of its own and one for all
    When all of them provision at once
    Then each of them holds the last line of the file for all

  @FIP-MANY-004 @must @grade-B @needs-publish @needs-intrusive @first @each-protocol
  Scenario: A phone is served while another client takes its time
    RFC 1350 §4: "each end of the connection chooses a TID for itself"
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    And another client has begun to fetch a file of 33 MiB and takes no more of it
    When the phone provisions
    Then it was given "<mac>.boot" without waiting for the other
