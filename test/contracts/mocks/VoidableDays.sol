// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {IVoidableDays} from "../../../contracts/interfaces/IVoidableDays.sol";

/// @notice An index in which a test attests roots, and whose days one challenger may void.
contract VoidableDays is IVoidableDays {
    error NotChallenger(address caller);

    address public challenger;
    uint32 public voidedNetwork;
    uint24 public voidedDay;

    IRewardIndex.Clock private _clock;
    mapping(uint32 network => mapping(uint24 day => bytes32)) private _roots;

    constructor(IRewardIndex.Clock memory clock_) {
        _clock = clock_;
    }

    function setChallenger(address challenger_) external {
        challenger = challenger_;
    }

    function attest(uint32 network, uint24 day, bytes32 root) external {
        _roots[network][day] = root;
    }

    function voidDay(uint32 network, uint24 day) external {
        require(msg.sender == challenger, NotChallenger(msg.sender));
        delete _roots[network][day];
        voidedNetwork = network;
        voidedDay = day;
    }

    function attestedRootOf(uint32 network, uint24 day) external view returns (bytes32) {
        return _roots[network][day];
    }

    function clock() external view returns (IRewardIndex.Clock memory) {
        return _clock;
    }
}
