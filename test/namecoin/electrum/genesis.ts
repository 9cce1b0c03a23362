/** Hash of regtest's first block, as it is displayed. */
export const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'
