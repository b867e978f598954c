// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxName} from "../libraries/BoxName.sol";
import {BoxId} from "../types/BoxId.sol";

/// @notice What wallets show of the ledger and its positions. Created by the ledger, and asked by it for canonical ids only.
contract BoxMetadata {
    /// @notice What the ledger and a facade call a box: `Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-05-02`.
    function nameOf(BoxId id, bytes32 indexName) external pure returns (string memory) {
        return BoxName.nameOf(id, indexName);
    }

    /// @notice Their short name for it: `SAND-BTC#1-LSF-18742-18749`.
    function symbolOf(BoxId id, bytes32 indexName) external pure returns (string memory) {
        return BoxName.symbolOf(id, indexName);
    }

    function tokenURI(BoxId id) external view returns (string memory) {
        return BoxName.nameOf(id, "");
    }

    function contractURI() external pure returns (string memory) {
        return "";
    }
}
