// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";

/// @notice A source that answers whatever hurts most, another thing each time.
contract HostileSource is IRewardSource {
    uint256 private _mood;

    function setMood(uint256 mood) external {
        _mood = mood;
    }

    function currentEpoch() external pure returns (uint24) {
        return type(uint24).max;
    }

    function lastContiguousDay(uint32) external pure returns (uint24) {
        return type(uint24).max;
    }

    /// @dev Nothing, everything, the wrong count, or an attempt to change the ledger from within.
    function settledReward(uint32, uint24 day) external view returns (uint256[] memory rewards) {
        uint256 mood = _mood % 5;
        rewards = new uint256[](mood == 3 ? 5 : 2);
        if (mood == 1) (rewards[0], rewards[1]) = (type(uint256).max, type(uint256).max);
        if (mood == 2) (rewards[0], rewards[1]) = (uint256(keccak256(abi.encode(_mood, day))), 0);
        // Called statically: an attempt to poke from within reverts and takes the poke with it.
        if (mood == 4) _attempt(msg.sender);
    }

    function _attempt(address ledger) private view {
        (bool done,) = ledger.staticcall(abi.encodeCall(ILedger.poke, (1)));
        require(!done, "poked from within");
    }
}
