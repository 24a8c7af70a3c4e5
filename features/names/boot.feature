Feature: Names of boot files

  @FIP-NAME-001 @must @grade-A @needs-publish @each-protocol
  Scenario: The MAC-Oriented boot file is served under its exact name
    Guide, "Creating MAC-Oriented Boot File": "the MAC-Oriented boot file has to be named as 0021f2000001.boot(case-sensitive)".
    Given the server publishes
      | file       | content                     |
      | <mac>.boot | include:config <canary.cfg> |
      | canary.cfg | lang.gui=<canary>           |
    When the phone provisions
    Then it was given "<mac>.boot"
    And it holds "lang.gui" as "<canary>"

  @FIP-NAME-002 @must @grade-A @needs-publish @each-protocol
  Scenario: The common boot file is served to a phone that has none of its own
    Guide, "Editing Common Boot File": "The common boot file is effective for all phones. It uses a fixed name".
    Given the server publishes
      | file               | content                     |
      | y000000000000.boot | include:config <canary.cfg> |
      | canary.cfg         | lang.gui=<canary>           |
    When the phone provisions
    Then it was told that "<mac>.boot" is missing
    And it was given "y000000000000.boot"
    And it holds "lang.gui" as "<canary>"
