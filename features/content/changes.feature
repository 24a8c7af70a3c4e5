Feature: Files that change

  @FIP-CONT-020 @must @grade-A @needs-publish @each-protocol
  Scenario: A changed file comes as it is now, though it is as long and as old as before
    Guide, "Creating a New CFG File": "You can also make a copy of the template configuration file, rename it and then edit it."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-old  |
    And the phone has provisioned
    When the server publishes instead
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-new  |
    And the phone provisions again
    Then it holds "lang.gui" as "<canary>-new" and not as "<canary>-old"

  @FIP-CONT-021 @must @grade-A @needs-publish @each-protocol
  Scenario: A boot file that names another cfg file counts at once
    Guide, "Creating MAC-Oriented Boot File": "Save the changes and close the MAC-Oriented boot file."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-old  |
      | b.cfg      | lang.gui=<canary>-new  |
    And "<mac>.boot" has been requested
    When the server publishes instead
      | file       | content                |
      | <mac>.boot | include:config <b.cfg> |
      | a.cfg      | lang.gui=<canary>-old  |
      | b.cfg      | lang.gui=<canary>-new  |
    And "<mac>.boot" is requested
    Then what comes is not what was published before

  @FIP-CONT-022 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: A file that has become <how> comes whole
    Guide, "Creating a New CFG File": "Save the changes and close the CFG file."
    Given the server publishes
      | file  | content  |
      | a.cfg | <before> |
    And "a.cfg" has been requested
    When the server publishes instead
      | file  | content |
      | a.cfg | <after> |
    And "a.cfg" is requested
    Then what comes is what is published as "a.cfg"

    Examples:
      | how     | before                                                  | after                                                   |
      | longer  | lang.gui=<canary>                                       | account.1.label=Desk\nlang.gui=<canary>\nvoice.volume=7 |
      | shorter | account.1.label=Desk\nlang.gui=<canary>\nvoice.volume=7 | lang.gui=<canary>                                       |

  @FIP-CONT-023 @must @grade-A @needs-publish @each-protocol
  Scenario: A file that was taken away does not come any more
    Guide, "Creating MAC-Oriented Boot File": "The MAC-Oriented boot file is only effective for the specific phone."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    And "<mac>.boot" has been requested
    When the server publishes "<mac>.boot" no longer
    And "<mac>.boot" is requested
    Then what comes is not what was published before

  @FIP-CONT-024 @must @grade-A @needs-publish @each-protocol
  Scenario: A file that was missing comes as soon as it is there
    Guide, "Creating MAC-Oriented Boot File": "Create a boot file for your phone, name it with the MAC address."
    Given the server publishes
      | file  | content           |
      | a.cfg | lang.gui=<canary> |
    And "<mac>.boot" has been requested
    When the server publishes also
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
    And "<mac>.boot" is requested
    Then it is served
