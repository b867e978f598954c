// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Transfers in this file are expected to revert, or are followed by a look at the balances.
// forge-lint: disable-start(erc20-unchecked-transfer)

import {IFacade} from "../../../contracts/interfaces/IFacade.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Vm} from "forge-std/Vm.sol";

// deployFacade
// ├── twice → reverts FacadeExists; an id that cannot exist → reverts
// ├── the address was sent ether before → works
// └── otherwise → at the address foretold, knows its id, named after its terms
// ERC-20
// ├── balances and supply are the ledger's
// ├── transfer, transferFrom → both events, once; allowance of the facade's own
// └── more than there is, to nobody → reverts
// every path of the ledger → one ERC-20 Transfer from the facade, none from another
// ├── escrow, transfer, merge, redeem, redeemMany, of either side
// ├── split, join: the whole's and both parts'; realise: the id's and the rest's
// └── the flag beside the supply stands whatever the supply does
// transferByFacade, recordTransfer
// └── when the caller is anybody else → reverts NotFacade, NotLedger
// permit
// ├── expired, by another key, replayed, for another facade → reverts
// └── otherwise → allowance, nonce; the domain is complete and that of EIP-712
contract FacadeTest is BaseTest {
    uint128 private constant QUANTITY = 1e18;

    BoxId private _long;
    BoxId private _short;
    IFacade private _facade;

    function setUp() public override {
        super.setUp();
        _long = fullLong(2);
        _short = ledger.mirrorOf(_long);
        escrowAs(miner, _long, QUANTITY);
        _facade = IFacade(ledger.deployFacade(_long));
    }

    /* DEPLOYMENT */

    function testFuzz_deployFacade_isWhereForetold(uint24 length, bool isShort) public {
        BoxId id = fullLong(uint24(bound(length, 3, 1000)));
        if (isShort) id = ledger.mirrorOf(id);
        address foretold = ledger.facadeOf(id);
        assertFalse(ledger.hasFacade(id));
        vm.deal(foretold, 1 ether);

        vm.expectEmit(address(ledger));
        emit ILedger.FacadeDeployed(id);
        vm.prank(anyone);
        assertEq(ledger.deployFacade(id), foretold);

        assertTrue(ledger.hasFacade(id));
        assertFalse(ledger.hasFacade(ledger.mirrorOf(id)));
        assertEq(BoxId.unwrap(IFacade(foretold).id()), BoxId.unwrap(id));
        assertEq(IFacade(foretold).ledger(), address(ledger));
        assertEq(IFacade(foretold).name(), ledger.name(BoxId.unwrap(id)));
        assertEq(IFacade(foretold).symbol(), ledger.symbol(BoxId.unwrap(id)));
        assertEq(IFacade(foretold).decimals(), 18);
        assertEq(IFacade(foretold).totalSupply(), 0);
        vm.expectRevert(abi.encodeWithSelector(ILedger.FacadeExists.selector, id));
        ledger.deployFacade(id);
    }

    function test_deployFacade_revertsIfIdCannotExist() public {
        // As its mirror, computed blindly, would be the long that exists: see the comment in deployFacade.
        Box memory box = _short.unpack();
        box.hi = uint64(ledger.topTicksOf(_short));
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotCanonical.selector, Boxes.pack(box), box.hi));
        ledger.deployFacade(Boxes.pack(box));
        BoxId malformed = BoxId.wrap(BoxId.unwrap(_long) | 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.MalformedId.selector, malformed));
        ledger.deployFacade(malformed);
    }

    function test_name_isOfTheTerms() public view {
        assertEq(_facade.name(), "Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-04-27");
        assertEq(_facade.symbol(), "SAND-BTC#1-LSF-18742-18744");
    }

    /* ERC-20 */

    function testFuzz_transfer_movesInTheLedger(uint256 amount) public {
        amount = bound(amount, 0, QUANTITY);
        vm.expectEmit(address(ledger));
        emit IERC6909.Transfer(address(_facade), miner, buyer, BoxId.unwrap(_long), amount);
        vm.expectEmit(address(_facade));
        emit IERC20.Transfer(miner, buyer, amount);
        vm.prank(miner);
        vm.recordLogs();
        assertTrue(_facade.transfer(buyer, amount));

        assertEq(vm.getRecordedLogs().length, 2);
        assertEq(_facade.balanceOf(buyer), amount);
        assertEq(balanceOf(miner, _long), QUANTITY - amount);
        assertEq(_facade.totalSupply(), QUANTITY);
    }

    function testFuzz_transferFrom_needsTheFacadesAllowance(uint256 amount, uint256 allowed) public {
        amount = bound(amount, 1, QUANTITY);
        allowed = bound(allowed, 0, QUANTITY);
        vm.startPrank(miner);
        // What the ledger allows counts in the ledger.
        ledger.setOperator(anyone, true);
        _facade.approve(anyone, allowed);
        vm.stopPrank();
        vm.prank(anyone);
        if (allowed < amount) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IERC20Errors.ERC20InsufficientAllowance.selector, anyone, allowed, amount
                )
            );
        }
        _facade.transferFrom(miner, buyer, amount);
        assertEq(_facade.allowance(miner, anyone), allowed < amount ? allowed : allowed - amount);
        assertEq(_facade.balanceOf(buyer), allowed < amount ? 0 : amount);
    }

    function test_transfer_revertsIfImpossible() public {
        vm.startPrank(miner);
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC6909.ERC6909InsufficientBalance.selector,
                miner,
                QUANTITY,
                QUANTITY + 1,
                BoxId.unwrap(_long)
            )
        );
        _facade.transfer(buyer, QUANTITY + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        _facade.transfer(address(0), 1);
    }

    /* EVENTS OF THE LEDGER'S PATHS */

    function test_ledger_tellsTheFacadeOfEveryMove() public {
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);
        fund(miner, 1e18);
        vm.startPrank(miner);
        _expectOneTransfer(address(0), buyer, 5);
        ledger.escrow(_long, 5, buyer, miner);
        _assertNoOther();
        _expectOneTransfer(miner, buyer, 6);
        ledger.transfer(buyer, BoxId.unwrap(_long), 6);
        _assertNoOther();
        _expectOneTransfer(miner, address(0), 7);
        ledger.merge(_long, 7, miner);
        _assertNoOther();
        _expectOneTransfer(miner, address(0), 8);
        ledger.redeem(_long, 8, miner);
        _assertNoOther();
        // The short has none.
        vm.recordLogs();
        ledger.redeem(_short, 8, miner);
        assertEq(_transfersOf(address(_facade)), 0);
    }

    function test_ledger_tellsTheFacadeOfAShort() public {
        IFacade facade = IFacade(ledger.deployFacade(_short));
        vm.prank(miner);
        vm.expectEmit(address(facade));
        emit IERC20.Transfer(miner, buyer, 9);
        ledger.transfer(buyer, BoxId.unwrap(_short), 9);
        vm.prank(buyer);
        facade.transfer(miner, 9);
        assertEq(facade.balanceOf(miner), QUANTITY);
    }

    /// @dev Whole and parts listed: three events, each by its own facade, there and back.
    /// @dev Nobody needs to have any of an id to move nothing of it, so it may be no id at all.
    function test_transfer_ofNothingTellsNoFacade() public {
        vm.startPrank(miner);
        vm.recordLogs();
        ledger.transfer(buyer, BoxId.unwrap(_long), 0);
        assertEq(vm.getRecordedLogs().length, 1);
        ledger.transfer(buyer, BoxId.unwrap(_long), 1);
        _assertTold(vm.getRecordedLogs(), _long, miner, buyer, 1);
    }

    function testFuzz_escrow_tellsTheFacades(uint128 quantity, bool ofLong, bool ofShort) public {
        BoxId long = longOf(FIRST_EPOCH + 3, FIRST_EPOCH + 4);
        BoxId short = ledger.mirrorOf(long);
        quantity = uint128(bound(quantity, 1, QUANTITY));
        fund(miner, ledger.previewEscrow(long, quantity));
        if (ofLong) ledger.deployFacade(long);
        if (ofShort) ledger.deployFacade(short);
        vm.prank(miner);
        vm.recordLogs();
        ledger.escrow(long, quantity, buyer, anyone);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        // The two sides on the ledger, the escrow, and the cash.
        assertEq(logs.length, 4 + (ofLong ? 1 : 0) + (ofShort ? 1 : 0));
        if (ofLong) _assertTold(logs, long, address(0), buyer, quantity);
        if (ofShort) _assertTold(logs, short, address(0), anyone, quantity);
    }

    function testFuzz_split_tellsTheFacades(uint8 kind, uint128 quantity, bool isShort) public {
        quantity = uint128(bound(quantity, 1, QUANTITY));
        BoxId whole = isShort ? _short : _long;
        ILedger.Axis axis = ILedger.Axis(kind % 3);
        uint64 at = [uint64(1), FIRST_EPOCH + 1, 777][kind % 3];
        (BoxId first, BoxId second) = ledger.partsOf(whole, axis, at);
        if (isShort) ledger.deployFacade(whole);
        ledger.deployFacade(first);
        ledger.deployFacade(second);
        vm.startPrank(miner);
        vm.recordLogs();
        ledger.split(whole, axis, at, quantity);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 6);
        _assertTold(logs, whole, miner, address(0), quantity);
        _assertTold(logs, first, address(0), miner, quantity);
        _assertTold(logs, second, address(0), miner, quantity);

        ledger.join(whole, axis, at, quantity);
        logs = vm.getRecordedLogs();
        assertEq(logs.length, 6);
        _assertTold(logs, first, miner, address(0), quantity);
        _assertTold(logs, second, miner, address(0), quantity);
        _assertTold(logs, whole, address(0), miner, quantity);
    }

    function testFuzz_realise_tellsTheFacades(uint128 quantity, bool isShort) public {
        quantity = uint128(bound(quantity, 1, QUANTITY));
        BoxId id = isShort ? _short : _long;
        pokeWith(1e22, 1e21);
        (, BoxId rest) = ledger.previewRealise(id, FIRST_EPOCH + 1, quantity);
        if (isShort) ledger.deployFacade(id);
        ledger.deployFacade(rest);
        vm.prank(miner);
        vm.recordLogs();
        ledger.realise(id, FIRST_EPOCH + 1, quantity, buyer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _assertTold(logs, id, miner, address(0), quantity);
        _assertTold(logs, rest, address(0), miner, quantity);
    }

    function test_redeemMany_tellsTheFacadeOfEach() public {
        address facade = ledger.deployFacade(_short);
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);
        BoxId[] memory ids = new BoxId[](3);
        uint128[] memory quantities = new uint128[](3);
        (ids[0], ids[1], ids[2]) = (_long, _short, _long);
        (quantities[0], quantities[1], quantities[2]) = (5, 6, 7);
        vm.prank(miner);
        vm.expectEmit(address(_facade));
        emit IERC20.Transfer(miner, address(0), 5);
        vm.expectEmit(facade);
        emit IERC20.Transfer(miner, address(0), 6);
        vm.expectEmit(address(_facade));
        emit IERC20.Transfer(miner, address(0), 7);
        ledger.redeemMany(ids, quantities, buyer);
    }

    /// @dev Of two sides and of neighbours none hears of another's moves.
    function test_ledger_tellsNoOtherFacade() public {
        BoxId neighbour = fullLong(3);
        IFacade other = IFacade(ledger.deployFacade(neighbour));
        vm.startPrank(miner);
        vm.recordLogs();
        ledger.transfer(buyer, BoxId.unwrap(_long), 3);
        ledger.transfer(buyer, BoxId.unwrap(_short), 3);
        ledger.split(_long, ILedger.Axis.Component, 1, 3);
        ledger.merge(_long, 3, miner);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 told;
        for (uint256 i = 0; i < logs.length; i++) {
            assertTrue(logs[i].emitter != address(other));
            assertTrue(logs[i].emitter != ledger.facadeOf(_short));
            if (logs[i].emitter == address(_facade)) told++;
        }
        // One transfer, one split, one merge.
        assertEq(told, 3);
    }

    /// @dev A part with a facade, full to the last unit its slot holds: the flag beside the supply is untouched.
    function test_hasFacade_besideTheLargestSupply() public {
        BoxId id = fullLong(1);
        fund(miner, type(uint128).max);
        address facade = ledger.deployFacade(id);
        vm.startPrank(miner);
        ledger.escrow(id, type(uint120).max, miner, miner);
        assertTrue(ledger.hasFacade(id));
        assertFalse(ledger.hasFacade(ledger.mirrorOf(id)));
        assertEq(IFacade(facade).totalSupply(), type(uint120).max);
        ledger.merge(id, type(uint120).max, miner);
        assertTrue(ledger.hasFacade(id));
        assertEq(IFacade(facade).totalSupply(), 0);
    }

    /* WHO MAY */

    function testFuzz_transferByFacade_revertsIfNotTheFacade(address caller) public {
        vm.assume(caller != address(_facade));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotFacade.selector, caller, address(_facade)));
        ledger.transferByFacade(_long, miner, caller, 1);
        // Nor may a facade move another id.
        address other = ledger.facadeOf(_short);
        vm.prank(address(_facade));
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotFacade.selector, address(_facade), other));
        ledger.transferByFacade(_short, miner, buyer, 1);
    }

    function testFuzz_recordTransfer_revertsIfNotTheLedger(address caller) public {
        vm.assume(caller != address(ledger));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IFacade.NotLedger.selector, caller, address(ledger)));
        _facade.recordTransfer(miner, buyer, 1);
    }

    /* PERMIT */

    function testFuzz_permit_allowsOnce(uint256 value, uint256 deadline) public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        deadline = bound(deadline, block.timestamp, type(uint256).max);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _permitDigest(_facade, owner, value, 0, deadline));
        vm.prank(anyone);
        _facade.permit(owner, buyer, value, deadline, v, r, s);
        assertEq(_facade.allowance(owner, buyer), value);
        assertEq(_facade.nonces(owner), 1);

        address recovered = ecrecover(_permitDigest(_facade, owner, value, 1, deadline), v, r, s);
        vm.expectRevert(abi.encodeWithSelector(IFacade.PermitNotByOwner.selector, recovered, owner));
        _facade.permit(owner, buyer, value, deadline, v, r, s);
    }

    function testFuzz_permit_revertsIfExpired(uint256 deadline) public {
        deadline = bound(deadline, 0, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IFacade.PermitExpired.selector, deadline, block.timestamp));
        _facade.permit(miner, buyer, 1, deadline, 27, bytes32(uint256(1)), bytes32(uint256(1)));
    }

    function test_permit_revertsIfForAnotherFacadeOrOwner() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        IFacade other = IFacade(ledger.deployFacade(_short));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _permitDigest(other, owner, 1, 0, block.timestamp));
        address recovered = ecrecover(_permitDigest(_facade, owner, 1, 0, block.timestamp), v, r, s);
        vm.expectRevert(abi.encodeWithSelector(IFacade.PermitNotByOwner.selector, recovered, owner));
        _facade.permit(owner, buyer, 1, block.timestamp, v, r, s);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        _facade.permit(address(0), buyer, 1, block.timestamp, 0, r, s);
    }

    function test_eip712Domain_isComplete() public view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address contract_,
            bytes32 salt,
            uint256[] memory extensions
        ) = _facade.eip712Domain();
        assertEq(fields, hex"0f");
        assertEq(name, _facade.name());
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(contract_, address(_facade));
        assertEq(salt, 0);
        assertEq(extensions.length, 0);
    }

    /* HELPERS */

    /// @dev Exactly one `Transfer` by the facade of `id`, and it is this one.
    function _assertTold(Vm.Log[] memory logs, BoxId id, address from, address to, uint256 amount)
        private
        view
    {
        address facade = ledger.facadeOf(id);
        uint256 count;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != facade) continue;
            count++;
            assertEq(logs[i].topics[0], IERC20.Transfer.selector);
            assertEq(logs[i].topics[1], bytes32(uint256(uint160(from))));
            assertEq(logs[i].topics[2], bytes32(uint256(uint160(to))));
            assertEq(abi.decode(logs[i].data, (uint256)), amount);
        }
        assertEq(count, 1);
    }

    function _permitDigest(IFacade facade, address owner, uint256 value, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(facade.name())),
                keccak256("1"),
                block.chainid,
                facade
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                buyer,
                value,
                nonce,
                deadline
            )
        );
        return keccak256(bytes.concat(hex"1901", domain, structHash));
    }

    function _expectOneTransfer(address from, address to, uint256 amount) private {
        vm.recordLogs();
        vm.expectEmit(address(_facade));
        emit IERC20.Transfer(from, to, amount);
    }

    function _assertNoOther() private {
        assertEq(_transfersOf(address(_facade)), 1);
    }

    function _transfersOf(address emitter) private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter == emitter) count++;
        }
    }
}
