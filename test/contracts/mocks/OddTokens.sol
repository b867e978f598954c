// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

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

/// @notice Plain until its owner wants a fee, like USDT: whoever receives gets less.
contract LateFeeToken is PlainToken {
    uint256 public feePercent;

    function setFee(uint256 feePercent_) external {
        feePercent = feePercent_;
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        balanceOf[to] -= amount * feePercent / 100;
        return true;
    }
}

/// @notice Balances grow or shrink without a transfer.
contract RebasingToken {
    uint256 public percent = 100;
    mapping(address owner => uint256) private _shares;

    function rebase(uint256 percent_) external {
        percent = percent_;
    }

    function mint(address to, uint256 amount) external {
        _shares[to] += amount * 100 / percent;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function balanceOf(address owner) public view returns (uint256) {
        return _shares[owner] * percent / 100;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return transferFrom(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public returns (bool) {
        uint256 shares = amount * 100 / percent;
        _shares[from] -= shares;
        _shares[to] += shares;
        return true;
    }
}

/// @notice Moves nothing, says that it did, and shows whatever balance is wanted.
contract LyingToken {
    mapping(address owner => uint256) public balanceOf;

    function transferFrom(address, address to, uint256 amount) external returns (bool) {
        balanceOf[to] += amount;
        return true;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return true;
    }
}

/// @notice Plain until it is stopped: then it says false and moves nothing.
contract StoppedToken is PlainToken {
    bool private _stopped;

    function setStopped(bool stopped) external {
        _stopped = stopped;
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        return !_stopped && super._move(from, to, amount);
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

/// @notice Calls back while it moves, when armed.
contract ReentrantToken is PlainToken {
    address private _target;
    bytes private _call;
    /// @notice What the call back answered when it failed.
    bytes public answer;
    /// @notice How many of them did not fail.
    uint256 public entered;

    function arm(address target, bytes calldata call) external {
        (_target, _call, answer, entered) = (target, call, "", 0);
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        if (_call.length == 0) return true;
        bytes memory call = _call;
        // Once: what the call moves calls nobody.
        _call = "";
        (bool done, bytes memory reason) = _target.call(call);
        _call = call;
        if (done) entered++;
        else answer = reason;
        return true;
    }
}

/// @notice Answers a transfer with as many bytes as it is told to.
contract BombToken is PlainToken {
    uint256 private _bytes;

    function arm(uint256 bytes_) external {
        _bytes = bytes_;
    }

    function _move(address from, address to, uint256 amount) internal override returns (bool) {
        super._move(from, to, amount);
        if (_bytes == 0) return true;
        uint256 length = _bytes;
        assembly {
            mstore(0, 1)
            return(0, length)
        }
    }
}

/// @notice Another address of a token: moves and shows the same balances.
contract SecondAddress {
    PlainToken private immutable TOKEN;

    constructor(PlainToken token) {
        TOKEN = token;
    }

    function balanceOf(address owner) external view returns (uint256) {
        return TOKEN.balanceOf(owner);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return DoubleToken(address(TOKEN)).moveFor(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return DoubleToken(address(TOKEN)).moveFor(from, to, amount);
    }
}

/// @notice A token with two addresses. Whoever asks the second one may move anything: allowances are not the point here.
contract DoubleToken is PlainToken {
    SecondAddress public immutable SECOND = new SecondAddress(this);

    function moveFor(address from, address to, uint256 amount) external returns (bool) {
        require(msg.sender == address(SECOND), "not my other address");
        return _move(from, to, amount);
    }
}
