Feature: Resource files

  @FIP-RES-001 @must @grade-A @needs-publish @each-protocol
  Scenario: A phonebook that a setting names is served
    Guide, "Downloading Boot, Configuration and Resource Files": "If the access URLs of the resource files have been specified in the configuration files, the phone will try to download the resource files."
    Given the server publishes
      | file            | content                                                                                |
      | <mac>.boot      | include:config <phonebook.cfg>                                                         |
      | phonebook.cfg   | local_contact.data.url=<base>testcontact.xml                                           |
      | testcontact.xml | <Directory><Entry><Name>Reception</Name><Telephone>100</Telephone></Entry></Directory> |
    When the phone provisions
    Then it was given "testcontact.xml"

  @FIP-RES-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A phonebook comes as the XML that was published
    Guide, "Obtaining Template Files": "Resource files include Local phonbook file(xml) and remote phonebook file(xml)"
    Given the server publishes
      | file            | content                                                                                              |
      | testcontact.xml | <?xml version="1.0" encoding="UTF-8"?>\n<Directory>\n<Entry><Name>A &amp; B</Name></Entry>\n</Directory> |
    When "testcontact.xml" is requested
    Then what comes is what is published as "testcontact.xml"

  @FIP-RES-003 @should @grade-B @needs-publish @each-protocol
  Scenario Outline: A resource file is served whatever the end of its name: <file>
    Guide, "Managing Resource Files": "You can edit the template resource files directly or create a new resource file as required."
    Given the server publishes
      | file   | content  |
      | <file> | <canary> |
    When "<file>" is requested
    Then it is served

    Examples:
      | file              |
      | ring1.wav         |
      | fip14g-0.6.24.rom |
      | firmware.bin      |
      | ca.crt            |
      | ca.pem            |
      | autodst.xml       |
      | openvpn.tar       |
      | logo.dob          |

  @FIP-RES-004 @should @grade-C @needs-publish @needs-tftp @big
  Scenario: A firmware of 33 MiB comes whole over TFTP
    Guide, "Editing Common CFG File": "the common CFG includes the configuration parameters for all phones, such as firmware upgrade, phonebook, and volume settings."
    The block number of 16 bits wraps on the way, which no RFC speaks of.
    Given the server publishes a file of 33 MiB
    When that file is requested
    Then it comes as it is published

  @FIP-RES-020 @should @grade-A @needs-phones @each-protocol
  Scenario: The resource files that the server's own phones are told of are there
    Guide, "Obtaining Template Files": "the resource file is optional, but if the particular feature is being employed, these files are required."
    Given phones that the server knows
    When each of them provisions
    Then every resource that they are told of is there

  @FIP-RES-021 @should @grade-A @needs-phones @each-protocol
  Scenario: The phonebooks that the server's own phones are told of are XML
    Guide, "Obtaining Template Files": "Resource files include Local phonbook file(xml) and remote phonebook file(xml)"
    Given phones that the server knows
    When each of them provisions
    Then every phonebook that they are told of is XML
