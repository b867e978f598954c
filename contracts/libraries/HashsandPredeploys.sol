// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL1Block} from "../interfaces/IL1Block.sol";

/// @notice Where Hashsand's own predeploys live on L2, from block 0 and for good.
library HashsandPredeploys {
    address internal constant REWARD_INDEX = 0x4853000000000000000000000000000000000001;
    address internal constant BITCOIN_RELAY = 0x4853000000000000000000000000000000000002;
    address internal constant LEDGER = 0x4853000000000000000000000000000000000003;
}

/// @notice What every OP chain has.
library OptimismPredeploys {
    IL1Block internal constant L1_BLOCK = IL1Block(0x4200000000000000000000000000000000000015);
}
