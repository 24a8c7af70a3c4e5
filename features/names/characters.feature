Feature: Characters in names

  A phone asks for a name as it stands in a boot file or a URL; over HTTP it escapes what a URL cannot hold.

  @FIP-NAME-010 @must @grade-A @needs-publish @each-protocol
  Scenario: A name with spaces is served
    Guide, "Editing Common Boot File": "For example, sip.cfg, HTTP Directory/sip.cfg"
    Given the server publishes
      | file                  | content                                                            |
      | <mac>.boot            | include:config <plain.cfg>\ninclude:config <front desk phones.cfg> |
      | plain.cfg             | lang.gui=English                                                   |
      | front desk phones.cfg | account.1.label=<canary>                                           |
    When the phone provisions
    Then it was given "front desk phones.cfg", as "plain.cfg" was

  @FIP-NAME-011 @must @grade-A @needs-publish @each-protocol
  Scenario: A name with a percent sign is served
    RFC 3986 §2.4: "Because the percent ("%") character serves as the indicator for percent-encoded octets, it must be percent-encoded as "%25" for that octet to be used as data within a URI."
    Given the server publishes
      | file            | content                  |
      | volume-100%.cfg | account.1.label=<canary> |
    When "volume-100%.cfg" is requested
    Then it is served

  @FIP-NAME-012 @must @grade-A @needs-publish @each-protocol
  Scenario: A name is decoded once and not twice
    RFC 3986 §2.4: "Implementations must not percent-encode or decode the same string more than once"
    Given the server publishes
      | file            | content              |
      | front%64esk.cfg | lang.gui=<canary>    |
      | frontdesk.cfg   | lang.gui=the decoded |
    When "front%64esk.cfg" is requested
    Then what was published as "frontdesk.cfg" does not come

  @FIP-NAME-013 @must @grade-B @needs-publish @each-protocol
  Scenario: A name in UTF-8 is served
    RFC 3986 §2.5: "the data should first be encoded as octets according to the UTF-8 character encoding"
    FTP has UTF-8 too (RFC 2640 §2.2), and TFTP sends the octets as they are.
    Given the server publishes
      | file              | content                  |
      | büro-zürich-受.cfg | account.1.label=<canary> |
    When "büro-zürich-受.cfg" is requested
    Then it is served

  @FIP-NAME-014 @should @grade-B @needs-publish @each-protocol
  Scenario: A name with a number sign is served
    RFC 3986 §3.5: "A fragment identifier component is indicated by the presence of a number sign ("#") character"
    An escaped one, %23, indicates none.
    Given the server publishes
      | file         | content                  |
      | room-#12.cfg | account.1.label=<canary> |
    When "room-#12.cfg" is requested
    Then it is served

  @FIP-NAME-015 @should @grade-B @needs-publish @each-protocol
  Scenario: A name with a plus sign is served
    RFC 3986 §2.2: "URIs that differ in the replacement of a reserved character with its corresponding percent-encoded octet are not equivalent."
    A plus sign stands for a space in the forms of web pages, not in a path.
    Given the server publishes
      | file         | content                  |
      | desk+fax.cfg | account.1.label=<canary> |
    When "desk+fax.cfg" is requested
    Then it is served

  @FIP-NAME-016 @should @grade-B @needs-publish @each-protocol
  Scenario: A name with a question mark is served
    RFC 3986 §3.4: "The query component is indicated by the first question mark ("?") character"
    An escaped one, %3F, indicates none.
    Given the server publishes
      | file            | content                  |
      | which-desk?.cfg | account.1.label=<canary> |
    When "which-desk?.cfg" is requested
    Then it is served

  @FIP-NAME-017 @should @grade-B @needs-publish @each-protocol
  Scenario: A name with an ampersand, a semicolon and brackets is served
    RFC 3986 §3.3, "Path"
    Sub-delimiters may stand in a path as they are, brackets are escaped.
    Given the server publishes
      | file                  | content                  |
      | r&d-(lab;test)[2].cfg | account.1.label=<canary> |
    When "r&d-(lab;test)[2].cfg" is requested
    Then it is served
