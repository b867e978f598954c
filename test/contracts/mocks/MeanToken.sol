// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./PlainToken.sol";

/// @notice Calls a contract back whenever something is paid in there, with what it was armed with, and counts the calls that
///         went through. What happens while the contract pays out is told by `LedgerTokens.t.sol`.
contract MeanToken is PlainToken {
    uint256 public attempts;
    uint256 public successes;

    address private _victim;
    bytes private _call;

    function arm(address victim, bytes calldata call) external {
        (_victim, _call) = (victim, call);
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        if (_victim == address(0) || to != _victim) return true;
        attempts++;
        (bool done,) = _victim.call(_call);
        if (done) successes++;
        return true;
    }
}
