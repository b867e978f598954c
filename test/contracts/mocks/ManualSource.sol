// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";

/// @notice A source that says what the test tells it to. Nothing stops it from lying: it can be above every cap.
contract ManualSource is IRewardSource {
    mapping(uint32 network => mapping(uint24 day => uint256[])) private _rewards;
    mapping(uint32 network => uint24) public lastContiguousDay;
    uint24 public currentEpoch;

    function set(uint32 network, uint24 day, uint256[] memory rewards) external {
        _rewards[network][day] = rewards;
        lastContiguousDay[network] = day;
        currentEpoch = day + 1;
    }

    function settledReward(uint32 network, uint24 day) external view returns (uint256[] memory rewards) {
        rewards = _rewards[network][day];
        require(rewards.length > 0, DayNotFinal(network, day));
    }
}
