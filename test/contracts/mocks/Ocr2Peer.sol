// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {OCR2Base} from "@chainlink/contracts/src/v0.8/shared/ocr2/OCR2Base.sol";

/// @notice What Chainlink's package offers for the same act, for the bench: f + 1 or 2f + 1 of n sign a report, a registered sender
///         transmits it, and a day is kept in two words as the reward index keeps it. It computes nothing: its nodes would.
contract Ocr2Peer is OCR2Base {
    struct Day {
        uint112 subsidyIndex;
        uint112 cappedFeesIndex;
        uint32 finalAt;
        uint112 feesIndex;
        uint32 attestedAt;
    }

    event DayReported(uint24 indexed day, Day values);

    mapping(uint24 day => Day) public dayOf;

    /// @param unique Whether (n + f) / 2 + 1 signatures are asked for, which are 2f + 1 of 3f + 1, instead of f + 1.
    constructor(bool unique) OCR2Base(unique) {}

    function typeAndVersion() external pure returns (string memory) {
        return "Ocr2Peer 1.0.0";
    }

    function _beforeSetConfig(uint8, bytes memory) internal override {}

    function _afterSetConfig(uint8, bytes memory) internal override {}

    function _validateReport(bytes32, uint40, bytes memory) internal pure override returns (bool) {
        return true;
    }

    function _report(uint256, address, uint8, address[MAX_NUM_ORACLES] memory, bytes calldata report)
        internal
        override
    {
        (uint24 day, Day memory values) = abi.decode(report, (uint24, Day));
        dayOf[day] = values;

        emit DayReported(day, values);
    }
}
