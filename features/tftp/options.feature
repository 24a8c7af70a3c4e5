Feature: TFTP options

  @FIP-TFTP-030 @must @grade-A @needs-tftp
  Scenario: A request with the phone's options gets the file
    RFC 2347, "Negotiation Protocol": options that a server does not support "should not cause an ERROR packet to be generated".
    Given a file of several blocks
    When it is read over TFTP as phones ask
    Then the options did not keep the file from the phone

  @FIP-TFTP-031 @must @grade-A @needs-tftp
  Scenario: Block 1 follows when the options are acknowledged
    RFC 2347, "Negotiation Protocol": the client confirms an OACK with an ACK of block 0, and the file begins with block 1.
    Given a file of several blocks
    When it is read over TFTP as phones ask
    Then block 1 followed the acknowledgement of the options

  @FIP-TFTP-032 @should @grade-A @needs-tftp
  Scenario: No option is granted that was not asked for
    RFC 2347, "Negotiation Protocol": "The server must not include in the OACK any option which had not been specifically requested by the client".
    Given a file of several blocks
    When it is read over TFTP with the options "tsize=0"
    Then only options that were asked for are granted

  @FIP-TFTP-033 @should @grade-A @needs-tftp
  Scenario: A request without options is not answered with options
    RFC 2347, "Negotiation Protocol": "only the client may initiate option negotiation".
    Given a file of several blocks
    When it is read over TFTP
    Then no option was granted

  @FIP-TFTP-034 @must @grade-A @needs-tftp
  Scenario: The block size that is granted is a number from 8 to the one asked for
    RFC 2348, "Blocksize Option Specification": "The specified value must be less than or equal to the value specified by the client."
    Given a file of several blocks
    When it is asked for over TFTP with each of the options "blksize=512", "blksize=256" and "blksize=1428"
    Then each block size that was granted is from 8 to the one asked for

  @FIP-TFTP-035 @must @grade-A @needs-tftp
  Scenario: Blocks are as long as was granted
    RFC 2348, "Blocksize Option Specification": the client must "use the size specified in the OACK"; without one it is 512.
    Given a file of several blocks
    When it is read over TFTP with the options "blksize=256"
    Then its blocks were as long as was granted

  @FIP-TFTP-036 @must @grade-B @needs-tftp
  Scenario: The size that is told is the file's
    RFC 2349, "Transfer Size Option Specification": "the size of the file, in octets, is returned in the OACK".
    Given a file of several blocks
    When it is read over TFTP as phones ask
    Then the size that was told is that of the file

  @FIP-TFTP-037 @should @grade-A @needs-tftp
  Scenario: The timeout that is granted is the one asked for
    RFC 2349, "Timeout Interval Option Specification": "The specified timeout value must match the value specified by the client."
    Given a file of several blocks
    When it is asked for over TFTP with each of the options "timeout=5" and "timeout=2"
    Then each timeout that was granted is the one asked for

  @FIP-TFTP-038 @should @grade-A @needs-tftp
  Scenario: A timeout that is granted is kept
    RFC 2349, "Timeout Interval Option Specification": "The number of seconds to wait before retransmitting".
    Given a file of several blocks
    When it is read over TFTP with the options "timeout=2", and block 1 is lost
    Then block 1 came again after about 2 seconds, if that was granted

  @FIP-TFTP-039 @should @grade-A @needs-tftp
  Scenario: An option that nobody knows is passed over
    RFC 2347, "Negotiation Protocol": "Options which the server does not support should be omitted from the OACK".
    Given a file of several blocks
    When it is read over TFTP with the options "tsize=0 x-fipsim=1 blksize=512"
    Then the unknown option did not keep the file from the phone

  @FIP-TFTP-040 @should @grade-A @needs-tftp
  Scenario: Names of options in upper case do no harm
    RFC 2347, "Packet Formats": an option's name is "in case-insensitive ASCII".
    Given a file of several blocks
    When it is read over TFTP with the options "TSIZE=0 BLKSIZE=512"
    Then the file came whole

  @FIP-TFTP-041 @should @grade-A @needs-tftp
  Scenario: A phone that refuses the options is sent no file
    RFC 2347, "Negotiation Protocol": "If the client rejects the OACK, then it sends an ERROR packet, with error code 8, to the server and the transfer is terminated."
    Given a file of several blocks
    When a phone refuses the options that it is granted over TFTP
    Then no block came to the phone that refused

  @FIP-TFTP-042 @should @grade-A @needs-tftp @needs-intrusive
  Scenario: A block size that is none is not granted
    RFC 2348, "Blocksize Option Specification": 'Valid values range between "8" and "65464" octets, inclusive.'
    Given a file of several blocks
    When it is asked for over TFTP with each of the options "blksize=0", "blksize=7" and "blksize=many"
    Then none of these block sizes was granted
