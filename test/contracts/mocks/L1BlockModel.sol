// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL1Block} from "../../../contracts/interfaces/IL1Block.sol";

/// @notice Stands where L1Block is; a test says which L1 block it is.
contract L1BlockModel is IL1Block {
    uint64 public number;
    bytes32 public hash;

    function set(uint64 number_, bytes32 hash_) external {
        number = number_;
        hash = hash_;
    }
}
