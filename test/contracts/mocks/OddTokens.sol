// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {PlainToken} from "./PlainToken.sol";

/// @notice Keeps one base unit of every move.
contract FeeToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        balanceOf[to] -= 1;
        return true;
    }
}

/// @notice Gives one base unit more than was sent.
contract GenerousToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        balanceOf[to] += 1;
        return true;
    }
}

/// @notice Says false and moves nothing.
contract FalseToken is PlainToken {
    function _move(address, address, uint256) internal pure override returns (bool) {
        return false;
    }
}

/// @notice Moves and says nothing, like USDT.
contract SilentToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        assembly {
            return(0, 0)
        }
    }
}

/// @notice Refuses to move nothing.
contract NonzeroToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        require(amount > 0, "nothing");
        return super._move(from, to, amount);
    }
}

/// @notice Calls the ledger back while it moves, when armed.
contract ReentrantToken is PlainToken {
    ILedger private _ledger;
    bytes private _call;
    /// @notice What the call back answered when it failed.
    bytes public answer;

    function arm(ILedger ledger, bytes calldata call) external {
        (_ledger, _call) = (ledger, call);
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        if (_call.length == 0) return true;
        (bool done, bytes memory reason) = address(_ledger).call(_call);
        if (!done) answer = reason;
        return true;
    }
}
