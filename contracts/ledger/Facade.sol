// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../interfaces/IFacade.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {FacadeClones} from "../libraries/FacadeClones.sol";
import {BoxId} from "../types/BoxId.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Facade
/// @dev One implementation behind all clones; the id stands at the end of a clone's code. Everything a holder owns is
///      in the ledger, so a move made here and one made there are the same move.
contract Facade is IFacade, ERC20, Nonces {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    string private constant VERSION = "1";
    /// @dev ERC-5267: name, version, chain id and verifying contract are there, salt is not.
    bytes1 private constant DOMAIN_FIELDS = 0x0f;

    ILedger private immutable LEDGER;

    /// @dev Called by the ledger. Name and symbol of the implementation itself mean nothing.
    constructor() ERC20("", "") {
        LEDGER = ILedger(msg.sender);
    }

    /* MOVES */

    /// @inheritdoc IFacade
    function recordTransfer(address from, address to, uint256 amount) external {
        require(msg.sender == address(LEDGER), NotLedger(msg.sender, address(LEDGER)));

        emit Transfer(from, to, amount);
    }

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        uint256 time = block.timestamp;
        require(time <= deadline, PermitExpired(deadline, time));
        bytes32 structHash =
            keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline));
        bytes32 digest = MessageHashUtils.toTypedDataHash(DOMAIN_SEPARATOR(), structHash);
        address signer = ECDSA.recover(digest, v, r, s);
        require(signer == owner, PermitNotByOwner(signer, owner));

        _approve(owner, spender, value);
    }

    /* VIEWS */

    /// @inheritdoc IFacade
    function ledger() external view returns (address) {
        return address(LEDGER);
    }

    /// @inheritdoc IFacade
    function id() public view returns (BoxId) {
        return FacadeClones.idOf(address(this));
    }

    /// @inheritdoc IERC20Metadata
    function name() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return LEDGER.name(BoxId.unwrap(id()));
    }

    /// @inheritdoc IERC20Metadata
    function symbol() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return LEDGER.symbol(BoxId.unwrap(id()));
    }

    /// @inheritdoc IERC20
    function totalSupply() public view override(ERC20, IERC20) returns (uint256) {
        return LEDGER.totalSupply(BoxId.unwrap(id()));
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) public view override(ERC20, IERC20) returns (uint256) {
        return LEDGER.balanceOf(account, BoxId.unwrap(id()));
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IERC20Permit
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256(bytes(name())),
                keccak256(bytes(VERSION)),
                block.chainid,
                address(this)
            )
        );
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (DOMAIN_FIELDS, name(), VERSION, block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /* INTERNALS */

    /// @dev Reached by `transfer` and `transferFrom` only, which reject the zero address: nothing is minted here.
    function _update(address from, address to, uint256 value) internal override {
        LEDGER.transferByFacade(id(), from, to, value);

        emit Transfer(from, to, value);
    }
}
