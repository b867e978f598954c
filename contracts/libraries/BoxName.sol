// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId, Boxes} from "../types/BoxId.sol";
import {EpochDate} from "./EpochDate.sol";
import {PlainText} from "./PlainText.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice What wallets show for a box. No two boxes of one ledger share a name or a symbol: the index is given by its
///         number too, as anybody may register another index called "BTC".
library BoxName {
    using Strings for uint256;

    /// @notice `Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-05-02`, then ` [lo,hi)` in ticks unless full.
    function nameOf(BoxId id, bytes32 indexName) internal pure returns (string memory) {
        string memory terms = string.concat(
            PlainText.toText(indexName),
            "#",
            uint256(id.index()).toString(),
            id.isShort() ? " short " : " long ",
            wordsOf(id.mask())
        );
        string memory interval =
            string.concat(" ", EpochDate.toDate(id.start()), " to ", EpochDate.toDate(id.end()));
        return string.concat(
            "Hash_Sand ", terms, interval, id.isFull() ? "" : string.concat(" [", _strikes(id, ","), ")")
        );
    }

    /// @notice `SAND-BTC#1-LSF-18742-18749`, then `-lo-hi` in ticks unless full.
    function symbolOf(BoxId id, bytes32 indexName) internal pure returns (string memory) {
        string memory terms = string.concat(
            PlainText.toText(indexName),
            "#",
            uint256(id.index()).toString(),
            id.isShort() ? "-S" : "-L",
            _letters(id.mask())
        );
        string memory interval =
            string.concat("-", uint256(id.start()).toString(), "-", uint256(id.end()).toString());
        return
            string.concat("SAND-", terms, interval, id.isFull() ? "" : string.concat("-", _strikes(id, "-")));
    }

    function _strikes(BoxId id, string memory between) private pure returns (string memory) {
        string memory hi = id.hi() == Boxes.MAX_STRIKE ? "MAX" : uint256(id.hi()).toString();
        return string.concat(uint256(id.lo()).toString(), between, hi);
    }

    /// @notice `subsidy+fees`.
    function wordsOf(uint8 mask) internal pure returns (string memory words) {
        for (uint256 k = 0; k < 8; k++) {
            if ((mask >> k) & 1 == 0) continue;
            string memory word = k == 0 ? "subsidy" : k == 1 ? "fees" : string.concat("c", k.toString());
            words = bytes(words).length == 0 ? word : string.concat(words, "+", word);
        }
    }

    function _letters(uint8 mask) private pure returns (string memory letters) {
        for (uint256 k = 0; k < 8; k++) {
            if ((mask >> k) & 1 == 0) continue;
            letters = string.concat(letters, k == 0 ? "S" : k == 1 ? "F" : k.toString());
        }
    }
}
