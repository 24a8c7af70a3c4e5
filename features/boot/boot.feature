Feature: Which boot file a phone gets

  @FIP-BOOT-001 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone with a boot file of its own is not given the common one in its place
    Guide, "Creating MAC-Oriented Boot File": "The MAC-Oriented boot file is only effective for the specific phone."
    Given the server publishes
      | file               | content                     |
      | <mac>.boot         | include:config <own.cfg>    |
      | y000000000000.boot | include:config <common.cfg> |
      | own.cfg            | lang.gui=<canary>-own       |
      | common.cfg         | lang.gui=<canary>-common    |
    When the phone provisions
    Then it holds "lang.gui" as "<canary>-own" and not as "<canary>-common"

  @FIP-BOOT-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone is not given another phone's boot file
    Guide, "Creating MAC-Oriented Boot File": "The MAC-Oriented boot file is only effective for the specific phone."
    Given the server publishes
      | file             | content                    |
      | <other-mac>.boot | include:config <other.cfg> |
      | other.cfg        | lang.gui=<canary>-other    |
    When "<mac>.boot" is requested
    Then what was published as "<other-mac>.boot" does not come

  @FIP-BOOT-020 @should @grade-A @needs-phones @each-protocol
  Scenario: What a boot file includes is a cfg file
    Guide, "Editing Common Boot File": "The configuration file format must be *.cfg."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "include-not-cfg"

  @FIP-BOOT-021 @should @grade-D @needs-phones @each-protocol
  Scenario: What a boot file includes is there
    Guide, "Editing Common Boot File": "The URL must point to a specific CFG file."
    A missing one leaves the phone without its settings, and nobody is told.
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "include-missing"

  @FIP-BOOT-022 @should @grade-A @needs-phones @each-protocol
  Scenario: A boot file names a cfg file
    Guide, "Creating MAC-Oriented Boot File": "One or more configuration files can be referenced in the boot file."
    A phone that finds a boot file asks for no other: without an include it gets no settings at all.
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "no-include"

  @FIP-BOOT-023 @should @grade-A @needs-phones @each-protocol
  Scenario: Each include has a line of its own
    Guide, "Editing Common Boot File": "The "include" statement can be repeated as many times as needed."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "includes-on-one-line"
