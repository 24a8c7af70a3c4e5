package pcaps

import (
	"regexp"
	"strings"
)

// protocolWords are the words that say nothing of anybody: those of the protocols, of
// their usual messages, and of the phones' files. All others are replaced.
const protocolWords = `
http https tftp ftp ftps file sip sips udp tcp tls dhcp dns pnp www com net org example local localhost
octet netascii mail tsize blksize timeout windowsize rollover multicast
get head post put delete options connect trace patch host user agent accept encoding language charset connection keep alive close
content length type range ranges bytes transfer chunked identity gzip deflate br compress date server last modified etag cache control
no store none match since age expires pragma vary location referer origin cookie set authorization authenticate proxy basic digest realm
nonce cnonce uri response algorithm md5 sha qop auth int opaque stale nc true false max min upgrade allow retry after via warning forwarded
text plain html xml json application octet stream url utf latin iso ascii image png gif jpeg audio wav form urlencoded multipart boundary
ok found not moved permanently temporarily see other created accepted partial bad request unauthorized forbidden gone internal error
service unavailable gateway method allowed acceptable too large many requests entity unsupported media type version supported
nginx apache lighttpd caddy iis microsoft kestrel go curl wget libcurl openssl ubuntu debian centos python simplehttp basehttp
mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec gmt utc
subscribe notify register invite ack bye cancel info message publish refer update prack trying ringing terminated active pending reason
deactivated noresource subscription state event profile ua device vendor model from to call id cseq contact forwards tag branch rport
received transport lr sync check reboot resync allow events supported product name user phone line body
flyingvoice fip mac ma udhcp busybox android linux windows dhcpcd
retr stor size cwd pwd pass pasv epsv port eprt quit noop type mode stru list nlst mdtm feat opts utf8 auth pbsz prot rest abor syst cdup
rnfr rnto dele mkd rmd site help acct welcome ready logged login in on successful successfully directory change changed current is set
using binary data mode entering extended passive command opening connection completed complete transfer opened send here comes goodbye
bye file files such exists exist open failed fail fails cannot can access violation denied permission permitted illegal unknown operation
disk full allocation exceeded already defined undefined error anonymous specify password required please the a an of for and or with this
that by at be was be you your will read write while during time out timed aborted broken pipe reset refused peer end off new one more
features implemented understood invalid argument arguments parameter parameters syntax status code help unix l8
boot cfg include config rom bin img zip tar gz wav mp3 xml html htm txt csv doctype body title meta div head href src class style script
version amp lt gt quot nbsp
head theirs ours master main
enable disable enabled disabled on off yes no auto default English lang gui
x1 v1 v2 h 127 tar`

var vocabulary = func() map[string]bool {
	all := make(map[string]bool)
	for _, w := range strings.Fields(strings.ToLower(protocolWords)) {
		all[w] = true
	}
	return all
}()

// phoneWord is a model, a version, a common file's name without its ending.
var phoneWord = regexp.MustCompile(`^(?i)(fip\d{2}[a-z]{0,2}|v\d{1,3}|y0{11,15}|[a-z]|utf\d+|h\d)$`)

func keptWord(w string) bool {
	return vocabulary[strings.ToLower(w)] || phoneWord.MatchString(w)
}
