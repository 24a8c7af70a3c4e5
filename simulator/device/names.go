package device

// The common file names: "y" and twelve zeros. The guide's text also spells them with
// 11, 13 and 15 zeros; its captures' frame lengths (98 and 99 bytes) prove twelve.
const (
	CommonBoot = "y000000000000.boot"
	CommonCfg  = "y000000000000.cfg"
)

// BootName returns the name of the MAC-Oriented boot file, "0021f2000001.boot".
// (Guide, "Creating MAC-Oriented Boot File".)
func (m MAC) BootName() string { return m.String() + ".boot" }

// CfgName returns the name of the MAC-Oriented CFG file, "0021f2000001.cfg".
// (Guide, "Editing MAC-Oriented CFG File".)
func (m MAC) CfgName() string { return m.String() + ".cfg" }
